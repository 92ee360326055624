// The typical day of the period, or why there is none.

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';

import type { Period } from '../../api/days';
import type { TypicalDay } from '../../api/client';
import { TypicalHours } from '../../charts';
import { useFormat } from '../../i18n/format';
import { usePeriod } from '../../i18n/period';
import { Answer } from '../../parts/Answer';
import { Skeleton } from '../../parts/Skeleton';
import { typicalQuery } from './queries';

export function Typical({ period, tz }: { period: Period & { through: string }; tz: string }) {
  const query = useQuery(typicalQuery(period, tz));
  return (
    <section className="panel">
      <Answer query={query} skeleton={<Skeleton height="24rem" />}>
        {(data) => (data.hours.length === 0 ? <TooFew data={data} /> : <Hours data={data} through={period.through} />)}
      </Answer>
    </section>
  );
}

function Hours({ data, through }: { data: TypicalDay; through: string }) {
  const { t } = useLingui();
  const { number } = useFormat();
  const period = usePeriod();
  let busiest = data.hours[0];
  for (const hour of data.hours) {
    if ((hour.median ?? 0) > (busiest?.median ?? 0)) {
      busiest = hour;
    }
  }
  const finding =
    (busiest?.median ?? 0) === 0 || busiest === undefined
      ? t`No hour of the day has movements on more than half of the days.`
      : t`The busiest hour typically begins at ${busiest.label}: ${number(busiest.median)} movements, the median of the days.`;
  return <TypicalHours finding={finding} period={period(data.from, through)} hours={data.hours} />;
}

function TooFew({ data }: { data: TypicalDay }) {
  return (
    <>
      <h2>
        <Trans>A typical day</Trans>
      </h2>
      <p className="muted">
        <Trans>
          This needs <Plural value={data.min_days} one="# complete day" other="# complete days" /> with data; the period
          has {data.days_with_data}. Choose a longer period.
        </Trans>
      </p>
    </>
  );
}
