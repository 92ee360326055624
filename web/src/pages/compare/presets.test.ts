import { describe, expect, it } from 'vitest';

import type { NamedPeriod } from '../../api/client';
import { presets } from './presets';

const named = (days: number, before: string, complete: string): NamedPeriod => ({
  days,
  from: complete,
  through: '2026-11-28',
  complete: { from: complete, through: '2026-11-27' },
  before: { from: before, through: complete },
});
const PERIODS = [
  named(7, '2026-11-14', '2026-11-21'),
  named(30, '2026-09-29', '2026-10-29'),
  named(90, '2026-06-01', '2026-08-30'),
  named(365, '2024-11-28', '2025-11-28'),
];
const offered = (first: string | null | undefined) => presets(PERIODS, first).offered.map(({ days }) => days);

describe('the named comparisons', () => {
  it('are those whose earlier period has data from its first day', () => {
    expect(offered('2026-10-29')).toEqual([7]);
    expect(presets(PERIODS, '2026-10-29').tooLong).toEqual([30, 90]);
    expect(offered('2026-09-29')).toEqual([7, 30]);
    expect(offered('2026-09-30')).toEqual([7]);
    expect(offered('2026-11-28')).toEqual([]);
  });

  it('are all offered while the first day is not known, two of which fit into a year', () => {
    for (const first of [undefined, null]) {
      expect(offered(first)).toEqual([7, 30, 90]);
      expect(presets(PERIODS, first).tooLong).toEqual([]);
    }
  });

  it('compare as many days before, both ends included', () => {
    expect(presets(PERIODS, undefined).offered[0]).toEqual({
      days: 7,
      a: '2026-11-14..2026-11-21',
      b: '2026-11-21..2026-11-27',
    });
  });
});
