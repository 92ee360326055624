// Battery, response and errors by hour of a day, one below the other on the same axis, since they are related: response
// slows down when the battery is nearly empty.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { useFormat } from '../i18n/format';
import { Names } from './axes';
import { last, lowest } from './extremes';
import { ChartFigure } from './figure';
import type { HourOfDay } from './hours';
import { useHourWords } from './hour-words';
import { Legend } from './legend';
import { hourNames } from './names';
import { BatteryPanel, ErrorsPanel, LastMark, LowestMark, ResponsePanel, type PanelProps } from './panels';
import { Plot, type Cursor } from './plot';
import { columns, type Box } from './scales';

export interface Usual {
  low: number;
  high: number;
}

export interface HourPanelsProps {
  finding: ReactNode;
  day: string;
  hours: readonly HourOfDay[];
  /** The wearer's own usual response, drawn as a band behind the line. */
  usualResponse?: Usual | null | undefined;
  cursor?: Cursor | undefined;
  onPage?: ((direction: -1 | 1) => void) | undefined;
}

/** The height of each panel and of the space above it, in rem. */
const PANEL = 6.5;
const HEAD = 2.3;

export function HourPanels({ finding, day, hours, usualResponse, cursor, onPage }: HourPanelsProps) {
  const { t } = useLingui();
  const { number, unit } = useFormat();
  const words = useHourWords();
  const title = t`Battery, response and errors by hour`;
  return (
    <ChartFigure
      title={title}
      finding={finding}
      table={{
        caption: t`Battery, response and errors by hour, ${day}`,
        columns: [t`Hour`, t`Battery, %`, t`Lowest, %`, t`Last, %`, t`Response, ms`, t`Errors`],
        rows: hours.map((hour) => ({
          key: hour.hour,
          head: hour.name,
          cells: [hour.battery, hour.lowest, hour.last, hour.response, hour.errors].map((value) => number(value)),
          instead: hasMovements(hour) ? undefined : words.movements(hour),
        })),
      }}
      legend={<PanelLegend usual={usualResponse} />}
    >
      {(leave) => (
        <Plot
          title={title}
          spoken={hours.map((hour) => words.spokenMeasures(hour))}
          height={3 * (PANEL + HEAD) + 1.6}
          tall
          cursor={cursor}
          onPage={onPage}
          leave={leave}
          renderMarks={({ box, width, height, rem }) => {
            const x = columns(hours.length, box);
            const panel = (index: number): PanelProps => ({
              hours,
              x,
              rem,
              number,
              box: within(box, index * (PANEL + HEAD) * rem + HEAD * rem, PANEL * rem),
            });
            const low = lowest(hours.map((hour) => hour.lowest));
            const final = last(hours.map((hour) => hour.last));
            return (
              <>
                <BatteryPanel
                  {...panel(0)}
                  title={t`Battery, %`}
                  low={low}
                  last={final}
                  percent={(value) => unit(value, 'percent', 0)}
                />
                <ResponsePanel {...panel(1)} title={t`Response, ms`} usual={usualResponse ?? undefined} />
                <ErrorsPanel {...panel(2)} title={t`Errors`} />
                <Names names={hourNames(hours, x, rem)} y={height - 0.4 * rem} width={width} />
              </>
            );
          }}
        />
      )}
    </ChartFigure>
  );
}

function hasMovements(hour: HourOfDay): boolean {
  return hour.movements !== null && hour.movements > 0;
}

function within(box: Box, top: number, height: number): Box {
  return { left: box.left, right: box.right, top, bottom: top + height - 6 };
}

function PanelLegend({ usual }: { usual: Usual | null | undefined }) {
  const { t } = useLingui();
  const entries = [
    { key: 'lowest', words: t`lowest battery of the day`, mark: <LowestMark x={12} y={8} /> },
    { key: 'last', words: t`last battery of the day`, mark: <LastMark x={12} y={8} /> },
    ...(usual
      ? [
          {
            key: 'usual',
            words: t`your usual response`,
            mark: <rect className="chart-usual" x="1" y="3" width="22" height="10" />,
          },
        ]
      : []),
  ];
  return <Legend entries={entries} />;
}
