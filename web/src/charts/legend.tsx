// The legend: a swatch of each mark and its words. Lists only the marks that the chart shows.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { Column } from './column';
import type { Patterns } from './patterns';
import type { PointState } from './states';

export interface LegendEntry {
  key: string;
  words: string;
  /** Drawn inside a 24 by 16 box. */
  mark: ReactNode;
}

export function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  if (entries.length === 0) {
    return null;
  }
  return (
    <ul className="chart-legend">
      {entries.map(({ key, words, mark }) => (
        <li key={key}>
          <svg aria-hidden="true" focusable="false" width="24" height="16" viewBox="0 0 24 16">
            {mark}
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}

const ORDER: readonly PointState[] = ['running', 'no_movements', 'newer_than_data', 'before_first_data'];

interface StateLegendProps {
  states: readonly PointState[];
  patterns: Patterns;
  of: 'hour' | 'day';
  /** Other marks of the chart, listed first. */
  more?: readonly LegendEntry[];
}

/** The states in the chart other than a plain number, each with its own mark. */
export function StateLegend({ states, patterns, of, more = [] }: StateLegendProps) {
  const { t } = useLingui();
  const present = new Set(states);
  const words: Record<PointState, string> = {
    complete: t`movements`,
    running: of === 'hour' ? t`hour in progress: so far` : t`day in progress: so far`,
    no_movements: t`no movements recorded`,
    newer_than_data: t`not covered by the data yet`,
    before_first_data: t`before the first data`,
  };
  const entries = ORDER.filter((state) => present.has(state)).map((state) => ({
    key: state,
    words: words[state],
    mark: <Column state={state} x={4} width={16} y={4} top={0} bottom={15} patterns={patterns} />,
  }));
  return <Legend entries={[...more, ...entries]} />;
}
