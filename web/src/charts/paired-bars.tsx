// Two periods side by side: two bars for each measurement, on its own scale, with both numbers written out. Everything
// is readable without hovering, so there is no keyboard cursor.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';

import { ChartFigure } from './figure';
import { fill, PatternDefinitions, usePatterns } from './patterns';
import './paired-bars.css';

export interface Pair {
  key: string;
  name: string;
  a: number | null;
  b: number | null;
  /** Both numbers with their unit, and the difference in words. */
  written: { a: string; b: string; difference: string };
}

export interface PairedBarsProps {
  title: string;
  finding: ReactNode;
  /** The two periods in words, by letter. */
  periods: { a: string; b: string };
  pairs: readonly Pair[];
}

export function PairedBars({ title, finding, periods, pairs }: PairedBarsProps) {
  const { t } = useLingui();
  const patterns = usePatterns();
  return (
    <ChartFigure
      title={title}
      finding={finding}
      table={{
        caption: title,
        columns: [t`Measurement`, t`A: ${periods.a}`, t`B: ${periods.b}`, t`Difference`],
        rows: pairs.map(({ key, name, written }) => ({
          key,
          head: name,
          cells: [written.a, written.b, written.difference],
        })),
      }}
    >
      {() => (
        <ul className="pairs">
          {pairs.map((pair, index) => {
            const largest = Math.max(pair.a ?? 0, pair.b ?? 0, Number.MIN_VALUE);
            return (
              <li key={pair.key} className="pairs-metric">
                <div className="pairs-head">
                  <strong>{pair.name}</strong>
                  <span className="pairs-difference">{pair.written.difference}</span>
                </div>
                <p className="pairs-row">
                  <span className="pairs-letter">A</span>
                  <svg aria-hidden="true" focusable="false">
                    {index === 0 && <PatternDefinitions {...patterns} />}
                    <rect className="pairs-ground" width="100%" height="100%" rx="3" />
                    <rect className="pairs-a" width={share(pair.a, largest)} height="100%" rx="3" />
                  </svg>
                  <span className="pairs-number">{pair.written.a}</span>
                </p>
                <p className="pairs-row">
                  <span className="pairs-letter">B</span>
                  <svg aria-hidden="true" focusable="false">
                    <rect className="pairs-ground" width="100%" height="100%" rx="3" />
                    <rect
                      className="pairs-b"
                      fill={fill(patterns.hatch)}
                      width={share(pair.b, largest)}
                      height="100%"
                      rx="3"
                    />
                  </svg>
                  <span className="pairs-number">{pair.written.b}</span>
                </p>
              </li>
            );
          })}
        </ul>
      )}
    </ChartFigure>
  );
}

function share(value: number | null, largest: number): string {
  return `${Math.round(((value ?? 0) / largest) * 1000) / 10}%`;
}
