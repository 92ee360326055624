// Arranges days in the rows of a calendar. The service names each day's weekday; none is computed here.

/** The weekdays as the service writes them, Monday first as in Russian and European calendars. */
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

export interface CalendarDay {
  date: string;
  weekday: string;
}

export interface Month<D> {
  /** The year and the month: "2026-11". */
  month: string;
  /** Rows of seven, Monday first; undefined for cells before the first or after the last day. */
  weeks: (D | undefined)[][];
}

/** Groups consecutive days, oldest first, by month and week. */
export function months<D extends CalendarDay>(days: readonly D[]): Month<D>[] {
  const found: Month<D>[] = [];
  for (const day of days) {
    const month = day.date.slice(0, 7);
    let current = found.at(-1);
    if (current?.month !== month) {
      current = { month, weeks: [] };
      found.push(current);
    }
    const column = WEEKDAYS.findIndex((name) => name === day.weekday);
    let week = current.weeks.at(-1);
    if (week === undefined || column === 0) {
      week = Array.from<D | undefined>({ length: WEEKDAYS.length }).fill(undefined);
      current.weeks.push(week);
    }
    week[column] = day;
  }
  return found;
}
