// Movements by hour: one column for each of the 23, 24 or 25 hours of a day; an hour without a number shows its state.

import { useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';
import { useFormat } from '../i18n/format';
import { Guides, Names } from './axes';
import { Column } from './column';
import { ChartFigure } from './figure';
import type { HourOfDay } from './hours';
import { useHourWords } from './hour-words';
import { StateLegend } from './legend';
import { hourNames } from './names';
import { PatternDefinitions, usePatterns } from './patterns';
import { Plot, type Cursor } from './plot';
import { columns, fromZero, lines } from './scales';

export interface HourColumnsProps {
  /** The finding of the day's hours, in one sentence. */
  finding: ReactNode;
  /** The day in words, for the table's caption. */
  day: string;
  hours: readonly HourOfDay[];
  cursor?: Cursor | undefined;
  /** Goes to the previous or the next day (PageUp and PageDown). */
  onPage?: ((direction: -1 | 1) => void) | undefined;
}

export function HourColumns({ finding, day, hours, cursor, onPage }: HourColumnsProps) {
  const { t } = useLingui();
  const { number } = useFormat();
  const words = useHourWords();
  const patterns = usePatterns();
  const title = t`Movements by hour`;
  const counts = hours.map((hour) => hour.movements);
  return (
    <ChartFigure
      title={title}
      finding={finding}
      table={{
        caption: t`Movements by hour, ${day}`,
        columns: [t`Hour`, t`Movements`],
        rows: hours.map((hour) => ({
          key: hour.hour,
          head: hour.name,
          cells: [words.movements(hour)],
        })),
      }}
      legend={<StateLegend states={hours.map((hour) => hour.state)} patterns={patterns} of="hour" />}
    >
      {(leave) => (
        <Plot
          title={title}
          spoken={hours.map((hour) => words.spokenMovements(hour))}
          height={14}
          cursor={cursor}
          onPage={onPage}
          leave={leave}
          renderMarks={({ box, width, height, rem }) => {
            const x = columns(hours.length, box);
            const y = fromZero(counts, box);
            return (
              <>
                <PatternDefinitions {...patterns} />
                <Guides scale={y} at={lines(y, 4, true)} box={box} rem={rem} format={number} />
                {hours.map((hour, index) => (
                  <Column
                    key={hour.hour}
                    state={hour.state}
                    x={x(index) ?? 0}
                    width={x.bandwidth()}
                    y={y(hour.movements ?? 0)}
                    top={box.top}
                    bottom={box.bottom}
                    patterns={patterns}
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
