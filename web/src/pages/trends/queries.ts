// The requests of the Trends page in addition to the days of the period.

import { queryOptions } from '@tanstack/react-query';

import type { Period } from '../../api/days';
import { getSummary, getTypicalDay } from '../../api/client';

export function typicalQuery({ from, to }: Period, tz: string) {
  return queryOptions({
    queryKey: ['reports', 'typical', from, to, tz],
    queryFn: ({ signal }) => getTypicalDay({ from, to, tz }, { signal }),
  });
}

export function summaryQuery({ from, to }: Period, tz: string) {
  return queryOptions({
    queryKey: ['reports', 'summary', from, to, tz],
    queryFn: ({ signal }) => getSummary({ from, to, tz }, { signal }),
  });
}
