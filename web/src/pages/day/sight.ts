// Late data: compares a day as the wearer last saw it with the same day now.
//
// Only complete days count: one in progress grows anyway. What was seen is stored and removed with the responses.

import type { DayAnswer, DayKey } from './queries';

/** The numbers of a day that the wearer saw. */
export interface Sight {
  movements: number;
  /** The time at which its numbers were computed; null if it had none. */
  computedAt: string | null;
}

/** Returns the query key of a day's sight: kept with the service's responses, per account, also on the device. */
export function sightKey({ date, tz, prosthesis_id }: DayKey) {
  return ['seen', 'day', date, tz, prosthesis_id ?? null] as const;
}

/** Returns the sight of a day; null while it is in progress and if nothing is known about it. */
export function sightOf(answer: DayAnswer): Sight | null {
  if (answer.kind === 'empty') {
    return answer.calendar.state === 'no_movements' ? { movements: 0, computedAt: null } : null;
  }
  const { state, summary, computed_at: computedAt } = answer.report;
  return state === 'complete' ? { movements: summary.total_movements, computedAt } : null;
}

/** Returns true if `now` was computed after what was seen: an older response says nothing. */
export function isNewer(now: Sight, seen: Sight): boolean {
  return (
    now.computedAt !== null && (seen.computedAt === null || Date.parse(now.computedAt) > Date.parse(seen.computedAt))
  );
}

/** Returns how many more movements the day has than were seen (negative: fewer); 0 if nothing newer is known. */
export function cameSince(seen: Sight | undefined, now: Sight | null): number {
  return seen === undefined || now === null || !isNewer(now, seen) ? 0 : now.movements - seen.movements;
}
