// What came after a person had looked: a day as they saw it last, against the same day now.
//
// Only days that are over count: one that is running grows by itself. What was seen is kept like the answers, and goes with them.

import type { DayAnswer, DayKey } from './queries';

/** What a person saw of a day. */
export interface Sight {
  movements: number;
  /** When its numbers were computed; null where it had none. */
  computedAt: string | null;
}

/** Where what was seen of a day is kept: beside the answers of the service, by person, and on the device with them. */
export function sightKey({ date, tz, prosthesis_id }: DayKey) {
  return ['seen', 'day', date, tz, prosthesis_id ?? null] as const;
}

/** What there is to see of a day; null while it runs, and where nothing is known of it. */
export function sightOf(answer: DayAnswer): Sight | null {
  if (answer.kind === 'empty') {
    return answer.calendar.state === 'no_movements' ? { movements: 0, computedAt: null } : null;
  }
  const { state, summary, computed_at: computedAt } = answer.report;
  return state === 'complete' ? { movements: summary.total_movements, computedAt } : null;
}

/** Whether `now` was computed after what was seen. An answer that was older than the last one says nothing. */
export function isNewer(now: Sight, seen: Sight): boolean {
  return (
    now.computedAt !== null && (seen.computedAt === null || Date.parse(now.computedAt) > Date.parse(seen.computedAt))
  );
}

/** How many movements the day has more than were seen, fewer if negative; 0 when nothing newer is known. */
export function cameSince(seen: Sight | undefined, now: Sight | null): number {
  return seen === undefined || now === null || !isNewer(now, seen) ? 0 : now.movements - seen.movements;
}
