// Movements by day as columns, with the 7-day median as a line: the slow trend over the daily values.

import { line } from 'd3-shape';
import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { useFormat } from '../i18n/format';
import { Guides, Names, round } from './axes';
import { Column } from './column';
import { ChartFigure } from './figure';
import { type DayFigure, useDayWords } from './day-words';
import { StateLegend } from './legend';
import { dayNames } from './names';
import { PatternDefinitions, usePatterns } from './patterns';
import { Plot, type Cursor } from './plot';
import { columns, fromZero, lines, middle } from './scales';

export interface DayColumnsProps {
  finding: ReactNode;
  /** The period in words, for the table's caption. */
  period: string;
  days: readonly DayFigure[];
  cursor?: Cursor | undefined;
}

export function DayColumns({ finding, period, days, cursor }: DayColumnsProps) {
  const { t } = useLingui();
  const { number, date } = useFormat();
  const { movements, spoken } = useDayWords();
  const patterns = usePatterns();
  const title = t`Movements by day`;
  const values = days.map((day) => day.total_movements);
  const medians = days.map((day) => day.median_movements_7_days);
  const withMedian = medians.some((value) => value !== null);
  return (
    <ChartFigure
      title={title}
      finding={finding}
      table={{
        caption: t`Movements by day, ${period}`,
        columns: [t`Day`, t`Movements`, t`7-day median`],
        rows: days.map((day) => ({
          key: day.date,
          head: date(day.date, 'short'),
          cells: [movements(day), number(day.median_movements_7_days)],
        })),
      }}
      legend={
        <StateLegend
          states={days.map((day) => day.state)}
          patterns={patterns}
          of="day"
          more={
            withMedian
              ? [
                  {
                    key: 'median',
                    words: t`median of 7 days`,
                    mark: <path className="chart-median" d="M1 8h22" />,
                  },
                ]
              : []
          }
        />
      }
    >
      {(leave) => (
        <Plot
          title={title}
          spoken={days.map(spoken)}
          height={14}
          cursor={cursor}
          leave={leave}
          renderMarks={({ box, width, height, rem }) => {
            const x = columns(days.length, box, days.length > 120 ? 0.1 : 0.25);
            const y = fromZero([...values, ...medians], box);
            const path = line<number | null>()
              .defined((value) => value !== null)
              .x((_, index) => round(middle(x, index)))
              .y((value) => round(y(value ?? 0)));
            const write = {
              short: (day: string) => date(day, 'day'),
              month: (day: string) => date(day, 'monthName'),
            };
            return (
              <>
                <PatternDefinitions {...patterns} />
                <Guides scale={y} at={lines(y, 4, true)} box={box} rem={rem} format={number} />
                {days.map((day, index) => (
                  <Column
                    key={day.date}
                    state={day.state}
                    x={x(index) ?? 0}
                    width={x.bandwidth()}
                    y={y(day.total_movements ?? 0)}
                    top={box.top}
                    bottom={box.bottom}
                    patterns={patterns}
                  />
                ))}
                <path className="chart-median-edge" d={path(medians) ?? ''} />
                <path className="chart-median" d={path(medians) ?? ''} />
                <Names names={dayNames(days, x, rem, write)} y={height - 0.4 * rem} width={width} />
              </>
            );
          }}
        />
      )}
    </ChartFigure>
  );
}
