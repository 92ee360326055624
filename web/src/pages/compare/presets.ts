// The named comparisons: so many days that are over with as many before them. Those that begin before the first data are not offered.

import type { NamedPeriod } from '../../api/client';
import { writePeriod } from './address';

/** The longest named period of which two fit into the year that the mart holds. */
const LONGEST_DAYS = 90;

export interface Preset {
  days: number;
  a: string;
  b: string;
}

export interface Presets {
  offered: Preset[];
  /** How many days those have that the data do not reach back for. */
  tooLong: number[];
}

/** `first` is the first day with data; all are offered while it is not known. Dates are compared as text, which for ISO dates is their order. */
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
