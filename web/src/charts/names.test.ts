import { describe, expect, it } from 'vitest';

import { dayNames } from './names';
import { columns } from './scales';
import { WEEKDAYS } from './weeks';

const write = { short: (date: string) => date.slice(5), month: (date: string) => date.slice(0, 7) };

/** Returns days with the service's weekday names; the first is a Monday. */
function listed(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    date: `2026-${String(1 + Math.floor(index / 28)).padStart(2, '0')}-${String(1 + (index % 28)).padStart(2, '0')}`,
    weekday: WEEKDAYS[index % 7] ?? '',
  }));
}

function named(count: number, width: number): string[] {
  const days = listed(count);
  const x = columns(days.length, { left: 0, right: width, top: 0, bottom: 100 });
  return dayNames(days, x, 16, write).map((name) => name.text);
}

describe('names of days', () => {
  it('are all there where there is room', () => {
    expect(named(7, 700)).toHaveLength(7);
  });

  it('are Mondays in a month, and every second one on a narrow screen', () => {
    expect(named(28, 700)).toEqual(['01-01', '01-08', '01-15', '01-22']);
    expect(named(28, 200)).toEqual(['01-01', '01-15']);
  });

  it('are months in a year', () => {
    expect(named(336, 1100)).toHaveLength(12);
    expect(named(336, 240).length).toBeLessThanOrEqual(4);
  });
});
