// Movements on each day of the period, and the finding in one sentence.

import { plural } from '@lingui/core/macro';
import { useLingui } from '@lingui/react/macro';

import type { DaysReport } from '../../api/client';
import { DayColumns } from '../../charts';
import { useFormat } from '../../i18n/format';
import { usePeriod } from '../../i18n/period';
import { bestDay } from './best-day';

export function Days({ days }: { days: DaysReport }) {
  const { t } = useLingui();
  const { date, number } = useFormat();
  const period = usePeriod();
  const best = bestDay(days.days);
  const covered = t`Data on ${number(days.days_with_data)} of ${plural(days.days.length, { one: '# day', other: '# days' })}.`;
  const most =
    best === undefined ? '' : t`Most movements on ${date(best.date, 'short')}: ${number(best.total_movements)}.`;
  return (
    <section className="panel">
      <DayColumns finding={`${covered} ${most}`} period={period(days.from, days.through)} days={days.days} />
    </section>
  );
}
