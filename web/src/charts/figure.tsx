// The frame of every chart: a caption that states the finding, and a button that shows the same numbers as a table.

import { useLingui } from '@lingui/react/macro';
import { useId, useState, type ReactNode } from 'react';

import { ChartTable, type TableData } from './table';

export interface ChartFigureProps {
  title: string;
  /** The finding in one sentence, which is enough for a reader who sees nothing else. */
  finding: ReactNode;
  table: TableData;
  legend?: ReactNode;
  /** The drawing. `leave` moves the focus to the element after it. */
  children: (leave: () => void) => ReactNode;
}

export function ChartFigure({ title, finding, table, legend, children }: ChartFigureProps) {
  const { t } = useLingui();
  const id = useId();
  const [toggle, setToggle] = useState<HTMLButtonElement | null>(null);
  const [asTable, setAsTable] = useState(false);
  const leave = () => toggle?.focus();
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption>
        <strong id={id} className="chart-title">
          {title}
        </strong>
        <span className="chart-finding">{finding}</span>
      </figcaption>
      {asTable ? <ChartTable {...table} /> : children(leave)}
      {!asTable && legend}
      <button ref={setToggle} type="button" className="chart-toggle" onClick={() => setAsTable(!asTable)}>
        {asTable ? t`Show as chart` : t`Show as table`}
        <span className="visually-hidden">: {title}</span>
      </button>
    </figure>
  );
}
