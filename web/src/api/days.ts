// The days of a period. The response names the exact period; further requests about the period use those dates.

import { queryOptions } from '@tanstack/react-query';

import { listDays } from './client';

/** A period as the URL names it, both days included; without one, the server chooses the last 30 days. */
export interface PeriodSearch {
  from?: string | undefined;
  to?: string | undefined;
}

/** A period as the server names it: `to` is the day after the last one. */
export interface Period {
  from: string;
  to: string;
}

export function daysQuery({ from, to }: PeriodSearch, tz: string) {
  const period = { ...(from !== undefined && { from }), ...(to !== undefined && { through: to }) };
  return queryOptions({
    queryKey: ['reports', 'days', period, tz],
    queryFn: ({ signal }) => listDays({ ...period, tz }, { signal }),
  });
}
