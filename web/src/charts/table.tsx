// The same numbers as a real table: shown by 'Show as table', and readable by screen readers and spreadsheets.

import './table.css';

export interface TableData {
  caption: string;
  /** The column names; the first is that of the row headers. */
  columns: readonly string[];
  rows: readonly TableRow[];
}

export interface TableRow {
  key: string;
  head: string;
  cells: readonly string[];
  /** The words shown instead of all cells. */
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
