import { describe, expect, it } from 'vitest';

import type { CalendarDay, DayReport } from '../../api/client';
import { cameSince, sightOf } from './sight';

const report = (state: DayReport['state'], movements: number, computed_at: string | null) =>
  ({ kind: 'report', report: { state, computed_at, summary: { total_movements: movements } } as DayReport }) as const;
const empty = (state: CalendarDay['state']) => ({ kind: 'empty', calendar: { state } as CalendarDay }) as const;

const seen = { movements: 100, computedAt: '2026-11-15T09:10:00Z' };
const later = '2026-11-15T12:25:00Z';

describe('what a person has seen of a day', () => {
  it('is its movements, once the day is over', () => {
    expect(sightOf(report('complete', 100, seen.computedAt))).toEqual(seen);
    expect(sightOf(empty('no_movements'))).toEqual({ movements: 0, computedAt: null });
  });

  it('is nothing while the day runs or is not known', () => {
    expect(sightOf(report('running', 100, seen.computedAt))).toBeNull();
    for (const state of ['running', 'newer_than_data', 'before_first_data'] as const) {
      expect(sightOf(empty(state))).toBeNull();
    }
  });
});

describe('what came since', () => {
  it('is the difference to what was seen', () => {
    expect(cameSince(seen, { movements: 234, computedAt: later })).toBe(134);
    expect(cameSince(seen, { movements: 98, computedAt: later })).toBe(-2);
    expect(cameSince({ movements: 0, computedAt: null }, { movements: 7, computedAt: later })).toBe(7);
  });

  it('is nothing where the day was computed again with the same result', () => {
    expect(cameSince(seen, { movements: 100, computedAt: later })).toBe(0);
  });

  it('is nothing without both sides', () => {
    expect(cameSince(undefined, seen)).toBe(0);
    expect(cameSince(seen, null)).toBe(0);
  });

  it('is nothing where the answer is not newer', () => {
    expect(cameSince({ movements: 100, computedAt: later }, { movements: 90, computedAt: seen.computedAt })).toBe(0);
    expect(cameSince(seen, { ...seen, movements: 90 })).toBe(0);
    expect(cameSince(seen, { movements: 0, computedAt: null })).toBe(0);
  });
});
