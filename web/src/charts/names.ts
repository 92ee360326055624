// Chooses the hours and days that get a name below the axis: as many as fit without touching, at round hours, on
// Mondays or on the first of a month.

import type { ScaleBand } from 'd3-scale';
import type { AxisName } from './axes';
import { middle, named } from './scales';

/** Names hours by local time: all, or every second, third, sixth or twelfth. */
export function hourNames(hours: readonly { label: string }[], x: ScaleBand<number>, rem: number): AxisName[] {
  const ranks = hours.map(({ label }) => Number.parseInt(label, 10));
  const shown = named(ranks, x.step(), 1.6 * rem, [1, 2, 3, 6, 12]);
  return hours.flatMap(({ label }, index) =>
    shown[index] === true ? [{ x: middle(x, index), text: label.slice(0, 2) }] : [],
  );
}

export interface NamedDay {
  date: string;
  weekday: string;
}

/** The longest period in days whose Mondays are named. */
const WEEKS_OF = 120;

/**
 * Names all days if they fit, else Mondays, in a long period the first of each month; `short` formats "3 Nov",
 * `month` "Nov".
 */
export function dayNames(
  days: readonly NamedDay[],
  x: ScaleBand<number>,
  rem: number,
  write: { short: (date: string) => string; month: (date: string) => string },
): AxisName[] {
  const need = 3.4 * rem;
  const all = x.step() >= need;
  const weekly = days.length <= WEEKS_OF;
  let previous = Number.NEGATIVE_INFINITY;
  return days.flatMap(({ date, weekday }, index) => {
    const at = middle(x, index);
    const due = all || (weekly ? weekday === 'Monday' : date.endsWith('-01'));
    if (!due || at - previous < need) {
      return [];
    }
    previous = at;
    return [{ x: at, text: weekly ? write.short(date) : write.month(date) }];
  });
}
