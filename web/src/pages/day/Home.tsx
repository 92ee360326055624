// The URL without a day: redirects to the newest day with data.

import { useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';

import { Answer } from '../../parts/Answer';
import { useZone } from '../../preferences/preferences';
import { DaySkeleton } from './DaySkeleton';
import { NoDataYet } from './NoDataYet';
import { newestDayQuery } from './queries';

export default function Home() {
  const { t } = useLingui();
  const query = useQuery(newestDayQuery(useZone()));
  if (query.data) {
    return <Navigate to="/day/$date" params={{ date: query.data }} replace />;
  }
  return (
    <>
      {/* No `PageHead`: the focus does not move until there is a day. */}
      <title>{t`Your reports`}</title>
      <h1>{t`Your reports`}</h1>
      <Answer query={query} skeleton={<DaySkeleton />}>
        {() => <NoDataYet />}
      </Answer>
    </>
  );
}
