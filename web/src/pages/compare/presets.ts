// The named comparisons: the last complete days with as many before them. Those that would begin before the first data
// are not offered.

import type { NamedPeriod } from '../../api/client';
import { writePeriod } from './address';

/** The longest named period of which two fit into the year that the mart covers. */
const LONGEST_DAYS = 90;

export interface Preset {
  days: number;
  a: string;
  b: string;
}

export interface Presets {
  offered: Preset[];
  /** The lengths in days of those that would begin before the first data. */
  tooLong: number[];
}

/** `first` is the first day with data; all are offered while it is unknown. ISO dates sort as text. */
export function presets(periods: readonly NamedPeriod[], first: string | null | undefined): Presets {
  const named = periods.filter(({ days }) => days <= LONGEST_DAYS);
  const reaches = ({ before }: NamedPeriod) => !first || first <= before.from;
  return {
    offered: named.filter(reaches).map(({ days, before, complete }) => ({
      days,
      a: writePeriod(before.from, before.through),
      b: writePeriod(complete.from, complete.through),
    })),
    tooLong: named.filter((period) => !reaches(period)).map(({ days }) => days),
  };
}
