// The complete day with the most movements, the newest if several are equal.

import type { DayFigure } from '../../charts';

export function bestDay<D extends Pick<DayFigure, 'state' | 'total_movements'>>(days: readonly D[]): D | undefined {
  let best: D | undefined;
  for (const day of days) {
    if (day.state === 'complete' && (day.total_movements ?? 0) >= (best?.total_movements ?? 1)) {
      best = day;
    }
  }
  return best;
}
