// What the staff page asks for. Its answers are never kept on the device.

import { queryOptions } from '@tanstack/react-query';

import { getPipeline, getRun } from '../../api/client';

/** A run takes seconds and comes every quarter of an hour: once a minute is enough to see it happen. */
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
