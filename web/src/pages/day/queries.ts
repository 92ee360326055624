// The requests of the Day page: the day's report or, if there is none, its calendar entry.

import { type QueryClient, queryOptions } from '@tanstack/react-query';

import { type CalendarDay, type DayReport, getCalendarDay, getReport, listReports } from '../../api/client';
import { hasStatus } from '../../api/problem';

export type DayAnswer = { kind: 'report'; report: DayReport } | { kind: 'empty'; calendar: CalendarDay };

export interface DayKey {
  date: string;
  tz: string;
  prosthesis_id?: string | undefined;
}

export const dayQuery = ({ date, tz, prosthesis_id }: DayKey) => {
  const parameters = prosthesis_id === undefined ? { tz } : { tz, prosthesis_id };
  return queryOptions({
    queryKey: ['reports', 'day', date, parameters],
    queryFn: async ({ signal }): Promise<DayAnswer> => {
      try {
        return { kind: 'report', report: await getReport(date, parameters, { signal }) };
      } catch (error) {
        if (!hasStatus(error, 404)) {
          throw error;
        }
        return { kind: 'empty', calendar: await getCalendarDay(date, parameters, { signal }) };
      }
    },
  });
};

/** The newest day with data, with which the app opens. */
export const newestDayQuery = (tz: string) =>
  queryOptions({
    queryKey: ['reports', 'newest', tz],
    queryFn: async ({ signal }) => {
      const { reports } = await listReports({ limit: 1, tz }, { signal });
      return reports[0]?.date ?? null;
    },
  });

/** Prefetches the adjacent days, so that going a day back is immediate and works without a network. */
export function readAhead(client: QueryClient, key: DayKey, days: readonly (string | null)[]): void {
  for (const date of days) {
    if (date !== null) {
      void client.prefetchQuery(dayQuery({ ...key, date }));
    }
  }
}

/** Returns the day's place in the calendar, from either kind of response. */
export function placeOf(answer: DayAnswer) {
  return answer.kind === 'report' ? answer.report : answer.calendar;
}
