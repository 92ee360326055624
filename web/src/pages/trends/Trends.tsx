// The trends of one period, which the URL names: its days, a typical day, a calendar and the sums.

import { useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { daysQuery } from '../../api/days';
import { usePeriod } from '../../i18n/period';
import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { PrintFoot } from '../../parts/PrintFoot';
import { TakeAway } from '../../parts/TakeAway';
import { isWrongPeriod, WrongPeriod } from '../../parts/WrongPeriod';
import { useZone } from '../../preferences/preferences';
import { Calendar } from './Calendar';
import { Days } from './Days';
import { NoData } from './NoData';
import { PeriodActions } from './PeriodActions';
import { PeriodChoice } from './PeriodChoice';
import { Summary } from './Summary';
import { TrendsSkeleton } from './TrendsSkeleton';
import { Typical } from './Typical';
import './trends.css';

const route = getRouteApi('/gate/wearers/trends');

export default function Trends() {
  const { t } = useLingui();
  const period = usePeriod();
  const tz = useZone();
  const search = route.useSearch();
  const days = useQuery(daysQuery(search, tz));
  return (
    <>
      <PageHead title={t`Trends`}>
        <p className="muted">{days.data ? period(days.data.from, days.data.through) : '\u00a0'}</p>
      </PageHead>
      <PeriodChoice shown={days.data} />
      {isWrongPeriod(days.error) ? (
        <WrongPeriod />
      ) : (
        <Answer query={days} skeleton={<TrendsSkeleton />}>
          {(data) =>
            data.days_with_data === 0 ? (
              <NoData />
            ) : (
              <>
                <Summary days={data} tz={tz} />
                <Days days={data} />
                <Typical period={data} tz={tz} />
                <Calendar days={data.days} />
                <TakeAway periods={[data]} />
                <PrintFoot zone={data.timezone} daysWithData={data.days_with_data} dataAsOf={data.data_as_of} />
              </>
            )
          }
        </Answer>
      )}
      <PeriodActions days={days.data} />
    </>
  );
}
