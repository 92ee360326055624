// The sums of the period: plain numbers, each with its unit.

import { Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { DaysReport } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { Answer } from '../../parts/Answer';
import { Skeleton } from '../../parts/Skeleton';
import { bestDay } from './best-day';
import { summaryQuery } from './queries';

export function Summary({ days, tz }: { days: DaysReport; tz: string }) {
  const { t } = useLingui();
  const { date, number, unit } = useFormat();
  const query = useQuery(summaryQuery(days, tz));
  const best = bestDay(days.days);
  return (
    <section className="panel" aria-labelledby="summary">
      <h2 id="summary">
        <Trans>The period in numbers</Trans>
      </h2>
      <Answer query={query} skeleton={<Skeleton height="7rem" />}>
        {({ summary }) => (
          <dl className="trends-numbers">
            <Fact name={t`Movements`} value={number(summary.total_movements)} />
            <Fact name={t`Hours in use per day`} value={number(summary.avg_daily_usage_hours)} />
            <Fact name={t`Response`} value={unit(summary.avg_response_time_ms, 'ms')} />
            <Fact name={t`Battery, average`} value={unit(summary.avg_battery_level, 'percent')} />
            <Fact name={t`Errors`} value={number(summary.total_errors)} />
            <Fact name={t`Days with data`} value={t`${number(days.days_with_data)} of ${number(days.days.length)}`} />
            {best !== undefined && (
              <div>
                <dt>
                  <Trans>Most movements</Trans>
                </dt>
                <dd>
                  <Link to="/day/$date" params={{ date: best.date }} className="trends-best">
                    {date(best.date, 'short')}
                  </Link>
                </dd>
              </div>
            )}
          </dl>
        )}
      </Answer>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
