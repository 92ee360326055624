// The periods that the server names, so that no date is computed here: the last 7, 30, 90 and 365 complete days, and
// as many before them.

import { queryOptions } from '@tanstack/react-query';

import { getPeriods } from './client';

export function periodsQuery(tz: string) {
  return queryOptions({
    queryKey: ['freshness', 'periods', tz],
    queryFn: ({ signal }) => getPeriods({ tz }, { signal }),
  });
}
