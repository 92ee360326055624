// Compares two periods, which the URL names: the difference in one sentence, and each measurement as two bars.

import { useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { periodsQuery } from '../../api/periods';
import { Problem } from '../../api/problem';
import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { PrintFoot } from '../../parts/PrintFoot';
import { Skeleton } from '../../parts/Skeleton';
import { TakeAway } from '../../parts/TakeAway';
import { isWrongPeriod, WrongPeriod } from '../../parts/WrongPeriod';
import { useZone } from '../../preferences/preferences';
import { writePeriod } from './address';
import { compareQuery, firstDateQuery, sideQuery } from './queries';
import { Refused } from './Refused';
import { Result } from './Result';
import { SidesChoice } from './SidesChoice';
import './compare.css';

const route = getRouteApi('/gate/wearers/compare');

export default function Compare() {
  const { t } = useLingui();
  const tz = useZone();
  const search = route.useSearch();
  const periods = useQuery(periodsQuery(tz)).data;
  // Without periods in the URL, shows the last week and the one before it.
  const week = periods?.periods[0];
  const a = search.a ?? (week && writePeriod(week.before.from, week.before.through));
  const b = search.b ?? (week && writePeriod(week.complete.from, week.complete.through));
  const first = useQuery(firstDateQuery(periods?.today, tz)).data;
  const sideA = useQuery(sideQuery(a, tz));
  const sideB = useQuery(sideQuery(b, tz));
  const result = useQuery(compareQuery(sideA.data, sideB.data, tz));
  const refused = result.error instanceof Problem && result.error.status === 422;
  const query = sideA.isError ? sideA : sideB.isError ? sideB : undefined;
  const skeleton = <Skeleton height="34rem" />;
  return (
    <>
      <PageHead title={t`Compare`} />
      <SidesChoice a={a} b={b} periods={periods} first={first} />
      {isWrongPeriod(query?.error) ? (
        <WrongPeriod />
      ) : query !== undefined ? (
        <Answer query={query} skeleton={skeleton}>
          {() => null}
        </Answer>
      ) : refused && sideA.data && sideB.data ? (
        <Refused a={sideA.data} b={sideB.data} />
      ) : (
        <Answer query={result} skeleton={skeleton}>
          {(data) =>
            sideA.data &&
            sideB.data && (
              <>
                <Result data={data} a={sideA.data} b={sideB.data} />
                <TakeAway
                  periods={[
                    { ...sideA.data, letter: 'A' },
                    { ...sideB.data, letter: 'B' },
                  ]}
                />
                <PrintFoot
                  zone={data.timezone}
                  daysWithData={data.a.days_with_data + data.b.days_with_data}
                  dataAsOf={data.data_as_of}
                />
              </>
            )
          }
        </Answer>
      )}
    </>
  );
}
