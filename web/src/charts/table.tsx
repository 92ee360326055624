// The same numbers as a real table: what 'Show as table' shows, and what a screen reader or a spreadsheet can take.

import './table.css';

export interface TableData {
  caption: string;
  /** The name of the first column, then of each other. */
  columns: readonly string[];
  rows: readonly TableRow[];
}

export interface TableRow {
  key: string;
  head: string;
  cells: readonly string[];
  /** Words that stand in the place of all cells. */
  instead?: string | undefined;
}

export function ChartTable({ caption, columns, rows }: TableData) {
  return (
    <table className="chart-table">
      <caption>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">{row.head}</th>
            {row.instead !== undefined ? (
              <td colSpan={columns.length - 1}>{row.instead}</td>
            ) : (
              row.cells.map((cell, index) => <td key={columns[index + 1]}>{cell}</td>)
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
