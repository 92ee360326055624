// The address without a day: goes to the newest day with data.

import { useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';

import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { useZone } from '../../preferences/preferences';
import { DaySkeleton } from './DaySkeleton';
import { NoDataYet } from './NoDataYet';
import { newestDayQuery } from './queries';

export default function Home() {
  const { t } = useLingui();
  const query = useQuery(newestDayQuery(useZone()));
  return (
    <Answer query={query} skeleton={<DaySkeleton />}>
      {(date) =>
        date === null ? (
          <>
            <PageHead title={t`Your reports`} />
            <NoDataYet />
          </>
        ) : (
          <Navigate to="/day/$date" params={{ date }} replace />
        )
      }
    </Answer>
  );
}
