// The period as calendar months; each day opens its own page.

import { Trans } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import { type DayFigure, MonthGrid, months, type PointState } from '../../charts';

export function Calendar({ days }: { days: readonly DayFigure[] }) {
  const largest = Math.max(0, ...days.map((day) => day.total_movements ?? 0));
  return (
    <section className="panel trends-calendar" aria-labelledby="calendar">
      <h2 id="calendar">
        <Trans>Calendar</Trans>
      </h2>
      <p className="muted">
        <Trans>
          Movements on each day. – no movements recorded, … not covered by the data yet, × before the first data; a
          dashed frame marks a day in progress. Months without data are left out.
        </Trans>
      </p>
      <div className="trends-months">
        {months(days)
          .filter((month) => month.weeks.flat().some((day) => day !== undefined && isKnown(day.state)))
          .map((month) => (
            <MonthGrid
              key={month.month}
              month={month}
              largest={largest}
              renderLink={(date, content, focus) => (
                <Link to="/day/$date" params={{ date }} {...focus}>
                  {content}
                </Link>
              )}
            />
          ))}
      </div>
    </section>
  );
}

function isKnown(state: PointState): boolean {
  return state !== 'before_first_data' && state !== 'newer_than_data';
}
