// The operators' page: the state of the pipeline, the freshness of the mart, and what to do about failures. Contains no
// personal data and no reports.

import { useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { Skeleton } from '../../parts/Skeleton';
import { Facts } from './Facts';
import { pipelineQuery } from './queries';
import { RunDetail } from './RunDetail';
import { RunStrip } from './RunStrip';
import { StaffActions } from './StaffActions';
import { Verdict } from './Verdict';
import './staff.css';

const route = getRouteApi('/gate/staff');

export default function Staff() {
  const { t } = useLingui();
  const { run } = route.useSearch();
  const query = useQuery(pipelineQuery);
  const shown = run ?? query.data?.runs.find(({ state }) => state === 'failed')?.run ?? query.data?.runs[0]?.run;
  return (
    <>
      <PageHead title={t`Pipeline`} />
      <Answer query={query} skeleton={<StaffSkeleton />}>
        {(pipeline) => (
          <>
            <Verdict pipeline={pipeline} answeredAt={query.dataUpdatedAt} old={query.isError} />
            <Facts pipeline={pipeline} answeredAt={query.dataUpdatedAt} />
            <RunStrip runs={pipeline.runs} shown={shown} />
            {shown !== undefined && <RunDetail key={shown} run={shown} />}
          </>
        )}
      </Answer>
      <StaffActions refresh={() => void query.refetch()} />
    </>
  );
}

function StaffSkeleton() {
  return (
    <>
      <Skeleton height="7rem" />
      <Skeleton height="9rem" />
      <Skeleton height="13rem" />
      <Skeleton height="24rem" />
    </>
  );
}
