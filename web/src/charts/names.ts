// Which hours and days get a name below the axis: as many as fit without touching, on round hours, on Mondays or on the first of a month.

import type { ScaleBand } from 'd3-scale';
import type { AxisName } from './axes';
import { middle, named } from './scales';

/** Hours by their number on the clock: all, every third, every sixth. */
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

/** Days: all where they fit, else Mondays, else the first of a month; `short` writes '3 Nov', `month` 'Nov'. */
export function dayNames(
  days: readonly NamedDay[],
  x: ScaleBand<number>,
  rem: number,
  write: { short: (date: string) => string; month: (date: string) => string },
): AxisName[] {
  const need = 3.4 * rem;
  const at = (index: number, text: string): AxisName => ({ x: middle(x, index), text });
  if (x.step() >= need) {
    return days.map(({ date }, index) => at(index, write.short(date)));
  }
  const mondays = x.step() * 7 >= need;
  const chosen = days.flatMap(({ date, weekday }, index) => {
    if (mondays) {
      return weekday === 'Monday' ? [at(index, write.short(date))] : [];
    }
    return date.endsWith('-01') ? [at(index, write.month(date))] : [];
  });
  let previous = Number.NEGATIVE_INFINITY;
  return chosen.filter((name) => {
    if (name.x - previous < need * 0.8) {
      return false;
    }
    previous = name.x;
    return true;
  });
}
