// The requests of the Compare page: first the two periods as the server names them, with their days with data, then the
// comparison.

import { queryOptions } from '@tanstack/react-query';

import { daysQuery, type Period } from '../../api/days';
import { compareRanges, getCalendarDay } from '../../api/client';
import { parsePeriod } from './address';

/** Requests the first day with data; null if there is none. The calendar entry of any day contains it. */
export function firstDateQuery(today: string | undefined, tz: string) {
  return queryOptions({
    queryKey: ['reports', 'first', today, tz],
    queryFn: async ({ signal }) => (await getCalendarDay(today ?? '', { tz }, { signal })).first_date_with_data,
    enabled: today !== undefined,
  });
}

/** Requests one of the two periods, once the URL names it. */
export function sideQuery(side: string | undefined, tz: string) {
  const period = parsePeriod(side);
  return { ...daysQuery(period ?? {}, tz), enabled: period !== undefined };
}

export function compareQuery(a: Period | undefined, b: Period | undefined, tz: string) {
  return queryOptions({
    queryKey: ['reports', 'compare', a?.from, a?.to, b?.from, b?.to, tz],
    queryFn: ({ signal }) =>
      compareRanges(
        { a_from: a?.from ?? '', a_to: a?.to ?? '', b_from: b?.from ?? '', b_to: b?.to ?? '', tz },
        { signal },
      ),
    enabled: a !== undefined && b !== undefined,
  });
}
