// A calendar month with the number in each day's cell and a bar of its share below it. It needs no separate table: it
// is one. Days are links, reached by one tab stop and the arrow keys.

import { Trans } from '@lingui/react/macro';
import { useState, type KeyboardEvent, type ReactNode } from 'react';

import { useFormat } from '../i18n/format';
import { move } from './cursor';
import { type DayFigure, useDayWords } from './day-words';
import { counted } from './states';
import { type Month, WEEKDAYS } from './weeks';
import './month-grid.css';

/** The props of a day's link that make a month one tab stop. */
export interface DayFocus {
  tabIndex: 0 | -1;
  onKeyDown: (event: KeyboardEvent) => void;
}

export interface MonthGridProps {
  month: Month<DayFigure>;
  /** The largest daily count in any month on the page, so that bars are comparable between months. */
  largest: number;
  /** Renders a link to a day's own page. */
  renderLink: (date: string, content: ReactNode, focus: DayFocus) => ReactNode;
}

export function MonthGrid({ month, largest, renderLink }: MonthGridProps) {
  const { date } = useFormat();
  const days = month.weeks.flat().filter((day) => day !== undefined);
  const [at, setAt] = useState(days.length - 1);
  const name = date(`${month.month}-01`, 'month');
  const before = month.weeks[0]?.findIndex((day) => day !== undefined) ?? 0;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
      return;
    }
    const next = move(event.key, at, { count: days.length, row: 7 });
    if (next === undefined || next === 'leave' || 'page' in next) {
      return;
    }
    event.preventDefault();
    setAt(next.to);
    const links = event.currentTarget.closest('tbody')?.querySelectorAll('a');
    links?.item(next.to).focus();
  };

  return (
    <table className="month" aria-describedby={`month-${month.month}`}>
      <caption>
        {name}
        <span id={`month-${month.month}`} className="visually-hidden">
          <Trans>Movements on each day. The arrow keys move between days, Enter opens one.</Trans>
        </span>
      </caption>
      <thead>
        <tr>
          {WEEKDAYS.map((weekday, column) => (
            <th key={weekday} scope="col">
              {date(SOME_WEEK[column] ?? '', 'weekday')}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {month.weeks.map((week, row) => (
          <tr key={week.find((day) => day !== undefined)?.date}>
            {week.map((day, column) => {
              if (day === undefined) {
                return <td key={WEEKDAYS[column]}>{'\u00a0'}</td>;
              }
              const index = row * 7 + column - before;
              return (
                <td key={WEEKDAYS[column]} data-state={day.state}>
                  {renderLink(day.date, <Cell day={day} month={name} largest={largest} />, {
                    tabIndex: index === at ? 0 : -1,
                    onKeyDown,
                  })}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Some Monday to Sunday, for the column names. */
const SOME_WEEK = ['2024-01-01', '2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-06', '2024-01-07'];

interface CellProps {
  day: DayFigure;
  /** The month in words, which a screen reader says between the day and its number. */
  month: string;
  largest: number;
}

function Cell({ day, month, largest }: CellProps) {
  const { number } = useFormat();
  const words = useDayWords();
  const known = counted(day.state) && day.total_movements !== null;
  const share = known && largest > 0 ? (day.total_movements ?? 0) / largest : 0;
  return (
    <>
      <span className="month-day">
        {Number(day.date.slice(8))}
        <span className="visually-hidden"> {month}: </span>
      </span>
      {known ? (
        <span className="month-number">
          {number(day.total_movements)}
          {day.state === 'running' && (
            <span className="visually-hidden">
              {' '}
              <Trans>so far</Trans>
            </span>
          )}
        </span>
      ) : (
        <span className="month-number">
          <span aria-hidden="true">{EMPTY[day.state]}</span>
          <span className="visually-hidden">{words.movements(day)}</span>
        </span>
      )}
      <svg aria-hidden="true" focusable="false" className="month-bar">
        <rect width={`${Math.round(share * 100)}%`} height="100%" />
      </svg>
    </>
  );
}

/** The symbols shown instead of a number; the page's legend explains them. */
const EMPTY = {
  complete: '0',
  running: '0',
  no_movements: '–',
  newer_than_data: '…',
  before_first_data: '×',
} as const;
