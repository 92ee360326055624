// The days of a period. Their answer names the period exactly, and whatever else is asked about it is asked in those words.

import { queryOptions } from '@tanstack/react-query';

import { listDays } from './client';

/** A period as the address names it, both days included; the server chooses the last 30 days where it names none. */
export interface PeriodSearch {
  from?: string | undefined;
  to?: string | undefined;
}

/** A period as the server names it: `to` is the day after the last. */
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
