// What every chart has around it: a caption that states the finding, and the same numbers as a table one press away.

import { useLingui } from '@lingui/react/macro';
import { useId, useState, type ReactNode } from 'react';

import { ChartTable, type TableData } from './table';

export interface ChartFigureProps {
  title: string;
  /** What the chart shows, in one sentence; a reader who sees nothing else has read the news. */
  finding: ReactNode;
  table: TableData;
  legend?: ReactNode;
  /** The drawing. `leave` moves the focus behind it. */
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
