// What the marks mean: a swatch of the mark itself and its words. Only what the chart shows is listed.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { Column } from './column';
import type { Patterns } from './patterns';
import type { PointState } from './states';

export interface LegendEntry {
  key: string;
  words: string;
  /** Drawn inside of a 24 by 16 box. */
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

/** The states other than a plain number that the chart shows, each with its own mark. */
export function StateLegend({ states, patterns, of, more = [] }: StateLegendProps) {
  const { t } = useLingui();
  const present = new Set(states);
  const words: Record<PointState, string> = {
    complete: t`movements`,
    running: of === 'hour' ? t`hour still running: so far` : t`day still running: so far`,
    no_movements: t`no movements recorded`,
    newer_than_data: t`newer than the data`,
    before_first_data: t`before the first data`,
  };
  const entries = ORDER.filter((state) => present.has(state)).map((state) => ({
    key: state,
    words: words[state],
    mark: <Column state={state} x={4} width={16} y={4} top={0} bottom={15} patterns={patterns} />,
  }));
  return <Legend entries={[...more, ...entries]} />;
}
