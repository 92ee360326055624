// How a number of the day stands to the same number on the person's own days before it.

import type { UsualBand } from '../../api/client';

export type Standing = 'above' | 'usual' | 'below';

/** Where `value` lies to the band of usual days; null where either is not known. */
export function standing(value: number | null, band: UsualBand | null | undefined): Standing | null {
  if (value === null || !band) {
    return null;
  }
  if (value < band.low) {
    return 'below';
  }
  return value > band.high ? 'above' : 'usual';
}

/** How many digits after the point tell the edges of the band apart: none where whole numbers do. */
export function digitsFor(band: UsualBand | null | undefined): 0 | 1 {
  return band && Math.round(band.high) - Math.round(band.low) < 2 ? 1 : 0;
}

/** Where on a line from `0` to `1` the band, its middle and the value lie. */
export interface Marks {
  low: number;
  high: number;
  median: number;
  value: number;
}

/** Part of the line that is left free on both sides. */
const MARGIN = 0.06;

export function marks(value: number, band: UsualBand): Marks {
  const least = Math.min(value, band.low);
  const span = Math.max(value, band.high) - least;
  const at = (number: number) => (span === 0 ? 0.5 : MARGIN + ((number - least) / span) * (1 - 2 * MARGIN));
  return { low: at(band.low), high: at(band.high), median: at(band.median), value: at(value) };
}
