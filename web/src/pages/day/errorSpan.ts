// The times of day at which errors happened, simple enough for one clause.

export interface HourErrors {
  /** The local time, with its offset if the clock shows it twice. */
  name: string;
  errors: number | null;
}

export type ErrorSpan =
  | { kind: 'none' }
  /** All of them between `from` and `until`. */
  | { kind: 'within'; from: string; until: string }
  /** More than half of them, `count`, in one hour. */
  | { kind: 'mostly'; from: string; until: string; count: number }
  | { kind: 'spread'; hours: number };

/** A longer span says little about the time. */
const LONGEST_STRETCH_HOURS = 3;

/** Returns the most precise true statement; `hours` are all hours of the day in order. */
export function errorSpan(hours: readonly HourErrors[]): ErrorSpan {
  const at = hours.flatMap(({ errors }, index) => ((errors ?? 0) > 0 ? [index] : []));
  const first = at[0];
  const last = at.at(-1);
  if (first === undefined || last === undefined) {
    return { kind: 'none' };
  }
  const from = (index: number) => hours[index]?.name ?? '';
  const until = (index: number) => hours[index + 1]?.name ?? '24:00';
  if (last - first < LONGEST_STRETCH_HOURS) {
    return { kind: 'within', from: from(first), until: until(last) };
  }
  const errorsAt = (index: number) => hours[index]?.errors ?? 0;
  const total = at.reduce((sum, index) => sum + errorsAt(index), 0);
  const worst = at.reduce((best, index) => (errorsAt(index) > errorsAt(best) ? index : best), first);
  if (errorsAt(worst) * 2 > total) {
    return { kind: 'mostly', from: from(worst), until: until(worst), count: errorsAt(worst) };
  }
  return { kind: 'spread', hours: at.length };
}
