// The requests of the staff page. Their responses are never kept on the device.

import { queryOptions } from '@tanstack/react-query';

import { getPipeline, getRun } from '../../api/client';

/** The polling interval: a run takes seconds and starts every 15 minutes, so once a minute is enough. */
const ASK_EVERY_MS = 60_000;

export const pipelineQuery = queryOptions({
  queryKey: ['staff', 'pipeline'],
  queryFn: ({ signal }) => getPipeline({ signal }),
  staleTime: 15_000,
  refetchInterval: ASK_EVERY_MS,
});

export function runQuery(run: string) {
  return queryOptions({
    queryKey: ['staff', 'run', run],
    queryFn: ({ signal }) => getRun({ run }, { signal }),
    staleTime: 15_000,
  });
}
