// A typical day: for each hour the median as a dot, the middle half of the days as a box, 10 to 90 % as a stem. Hours
// with too few days are not drawn, and nothing is drawn between hours.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { useFormat } from '../i18n/format';
import { Guides, Names, round } from './axes';
import { ChartFigure } from './figure';
import { Legend } from './legend';
import { hourNames } from './names';
import { Plot } from './plot';
import { columns, fromZero, lines, middle } from './scales';

export interface TypicalHour {
  label: string;
  days: number;
  median: number | null;
  p25: number | null;
  p75: number | null;
  p10: number | null;
  p90: number | null;
}

export interface TypicalHoursProps {
  finding: ReactNode;
  period: string;
  hours: readonly TypicalHour[];
}

export function TypicalHours({ finding, period, hours }: TypicalHoursProps) {
  const { t } = useLingui();
  const { number } = useFormat();
  const title = t`A typical day`;
  const spoken = (hour: TypicalHour) =>
    t`From ${hour.label}: typically ${number(hour.median)} movements, half of the days between ${number(hour.p25)} and ${number(hour.p75)}, most between ${number(hour.p10)} and ${number(hour.p90)}`;
  return (
    <ChartFigure
      title={title}
      finding={finding}
      table={{
        caption: t`Movements on a typical day by hour, ${period}`,
        columns: [t`Hour`, t`Median`, t`25 to 75 %`, t`10 to 90 %`, t`Days`],
        rows: hours.map((hour) => ({
          key: hour.label,
          head: hour.label,
          cells: [
            number(hour.median),
            `${number(hour.p25)}–${number(hour.p75)}`,
            `${number(hour.p10)}–${number(hour.p90)}`,
            number(hour.days),
          ],
        })),
      }}
      legend={<TypicalLegend />}
    >
      {(leave) => (
        <Plot
          title={title}
          spoken={hours.map(spoken)}
          height={14}
          leave={leave}
          renderMarks={({ box, width, height, rem }) => {
            const x = columns(hours.length, box, 0.3);
            const y = fromZero(
              hours.map((hour) => hour.p90),
              box,
            );
            return (
              <>
                <Guides scale={y} at={lines(y, 4, true)} box={box} rem={rem} format={number} />
                {hours.map((hour, index) => (
                  <Spread
                    key={hour.label}
                    x={middle(x, index)}
                    width={x.bandwidth()}
                    outer={[y(hour.p10 ?? 0), y(hour.p90 ?? 0)]}
                    inner={[y(hour.p25 ?? 0), y(hour.p75 ?? 0)]}
                    median={y(hour.median ?? 0)}
                  />
                ))}
                <Names names={hourNames(hours, x, rem)} y={height - 0.4 * rem} width={width} />
              </>
            );
          }}
        />
      )}
    </ChartFigure>
  );
}

interface SpreadProps {
  x: number;
  width: number;
  outer: readonly [number, number];
  inner: readonly [number, number];
  median: number;
}

function Spread({ x, width, outer, inner, median }: SpreadProps) {
  const at = round(x);
  return (
    <g>
      <line className="chart-stem" x1={at} x2={at} y1={round(outer[0])} y2={round(outer[1])} />
      <rect
        className="chart-box"
        x={round(x - width / 2)}
        width={round(width)}
        y={round(inner[1])}
        height={Math.max(round(inner[0] - inner[1]), 1)}
      />
      <circle className="chart-median-dot" cx={at} cy={round(median)} r={Math.min(4, Math.max(2, width / 3))} />
    </g>
  );
}

function TypicalLegend() {
  const { t } = useLingui();
  return (
    <Legend
      entries={[
        {
          key: 'median',
          words: t`median: half of the days had more`,
          mark: <circle className="chart-median-dot" cx="12" cy="8" r="4" />,
        },
        {
          key: 'inner',
          words: t`25 to 75 %: the middle half of the days`,
          mark: <rect className="chart-box" x="5" y="2" width="14" height="12" />,
        },
        {
          key: 'outer',
          words: t`10 to 90 %: most days`,
          mark: <line className="chart-stem" x1="12" x2="12" y1="1" y2="15" />,
        },
      ]}
    />
  );
}
