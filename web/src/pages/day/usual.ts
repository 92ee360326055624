// Compares a number of the day with the same number on the wearer's own preceding days.

import type { UsualBand } from '../../api/client';

export type Standing = 'above' | 'usual' | 'below';

/** Returns the position of `value` relative to the usual band; null if either is unknown. */
export function standing(value: number | null, band: UsualBand | null | undefined): Standing | null {
  if (value === null || !band) {
    return null;
  }
  if (value < band.low) {
    return 'below';
  }
  return value > band.high ? 'above' : 'usual';
}

/** Returns the number of decimals that distinguish the edges of the band: 0 if whole numbers do. */
export function digitsFor(band: UsualBand | null | undefined): 0 | 1 {
  return band && Math.round(band.high) - Math.round(band.low) < 2 ? 1 : 0;
}

/** The positions of the band, its median and the value on a line from `0` to `1`. */
export interface Marks {
  low: number;
  high: number;
  median: number;
  value: number;
}

/** The fraction of the line left free at each end. */
const MARGIN = 0.06;

export function marks(value: number, band: UsualBand): Marks {
  const least = Math.min(value, band.low);
  const span = Math.max(value, band.high) - least;
  const at = (number: number) => (span === 0 ? 0.5 : MARGIN + ((number - least) / span) * (1 - 2 * MARGIN));
  return { low: at(band.low), high: at(band.high), median: at(band.median), value: at(value) };
}
