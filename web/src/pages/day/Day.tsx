// A day: one sentence, the numbers compared with the usual days, the hours as columns, and the same as a table.

import { useLingui } from '@lingui/react/macro';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Navigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { useFormat } from '../../i18n/format';
import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { useZone } from '../../preferences/preferences';
import { useAnnounce } from '../../shell/Announcer';
import { DayActions } from './DayActions';
import { DaySkeleton } from './DaySkeleton';
import { EmptyDay } from './EmptyDay';
import { Late } from './Late';
import { type DayKey, dayQuery, placeOf, readAhead } from './queries';
import { Report } from './Report';
import './day.css';

const route = getRouteApi('/gate/wearers/day/$date');

export default function Day() {
  const { date } = route.useParams();
  const { prosthesis_id } = route.useSearch();
  const tz = useZone();
  return date === 'latest' ? <Navigate to="/" replace /> : <OneDay date={date} tz={tz} prosthesis_id={prosthesis_id} />;
}

function OneDay(key: DayKey) {
  const { i18n, t } = useLingui();
  const format = useFormat();
  const navigate = route.useNavigate();
  const announce = useAnnounce();
  const client = useQueryClient();
  const query = useQuery(dayQuery(key));
  const place = query.data === undefined ? undefined : placeOf(query.data);
  const title = capital(format.date(key.date), i18n.locale);

  const before = place?.previous_date_with_data;
  const after = place?.next_date_with_data;
  useEffect(() => {
    if (before !== undefined && after !== undefined) {
      readAhead(client, key, [before, after]);
    }
    // oxlint-disable-next-line react/exhaustive-deps -- the neighbours change with the day
  }, [client, before, after]);

  // The calendar includes tomorrow, which has nothing to show. ISO dates sort as text.
  const next = place && (place.next_day !== null && place.next_day <= place.today ? place.next_day : null);

  const go = (to: string) => {
    void navigate({ params: { date: to }, search: (search) => search });
    announce(t`Showing ${format.date(to)}`);
  };
  const turn = (direction: -1 | 1) => {
    const to = direction < 0 ? place?.previous_day : next;
    if (to) {
      go(to);
    }
  };

  return (
    <>
      <PageHead title={title} />
      <Answer query={query} skeleton={<DaySkeleton />}>
        {(answer) => (
          <>
            <Late
              key={`${key.date} ${key.tz} ${key.prosthesis_id}`}
              day={key}
              answer={answer}
              settled={query.fetchStatus !== 'fetching'}
            />
            {answer.kind === 'report' ? (
              <Report report={answer.report} title={title} turn={turn} />
            ) : (
              <EmptyDay calendar={answer.calendar} go={go} />
            )}
          </>
        )}
      </Answer>
      <DayActions date={key.date} previous={place?.previous_day} next={next} latest={place?.today} go={go} />
    </>
  );
}

/** Capitalises a heading: Russian weekdays are lower case. */
function capital(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}
