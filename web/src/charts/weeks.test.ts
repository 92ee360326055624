import { describe, expect, it } from 'vitest';

import { months, WEEKDAYS } from './weeks';

/** Returns days as the service lists them; the weekday of the first is given, never computed. */
function listed(first: string, dates: string[]) {
  const start = WEEKDAYS.findIndex((weekday) => weekday === first);
  return dates.map((date, index) => ({ date, weekday: WEEKDAYS[(start + index) % 7] ?? '' }));
}

describe('a calendar', () => {
  it('begins each month in a row of its own, in the column of the weekday', () => {
    const days = listed('Saturday', ['2026-10-31', '2026-11-01', '2026-11-02', '2026-11-03']);
    const [october, november] = months(days);
    expect(october?.month).toBe('2026-10');
    expect(october?.weeks.map((week) => week.map((day) => day?.date.slice(8)))).toEqual([
      [undefined, undefined, undefined, undefined, undefined, '31', undefined],
    ]);
    expect(november?.weeks.map((week) => week.map((day) => day?.date.slice(8)))).toEqual([
      [undefined, undefined, undefined, undefined, undefined, undefined, '01'],
      ['02', '03', undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  it('is empty without days', () => {
    expect(months([])).toEqual([]);
  });
});
