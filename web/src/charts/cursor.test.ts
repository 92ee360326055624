import { describe, expect, it } from 'vitest';

import { move } from './cursor';

describe('the keys of a chart', () => {
  const day = { count: 24, pages: true };

  it('the first arrow begins at the near end', () => {
    expect(move('ArrowRight', undefined, day)).toEqual({ to: 0 });
    expect(move('ArrowLeft', undefined, day)).toEqual({ to: 23 });
  });

  it('arrows stop at the ends, and do not go around', () => {
    expect(move('ArrowRight', 22, day)).toEqual({ to: 23 });
    expect(move('ArrowRight', 23, day)).toEqual({ to: 23 });
    expect(move('ArrowLeft', 0, day)).toEqual({ to: 0 });
  });

  it('Home and End reach the ends of a day of any length', () => {
    expect(move('Home', 12, { count: 25 })).toEqual({ to: 0 });
    expect(move('End', 12, { count: 25 })).toEqual({ to: 24 });
    expect(move('End', undefined, { count: 23 })).toEqual({ to: 22 });
  });

  it('PageUp and PageDown turn the day where there are days to turn, and leap a week elsewhere', () => {
    expect(move('PageUp', 3, day)).toEqual({ page: -1 });
    expect(move('PageDown', undefined, day)).toEqual({ page: 1 });
    expect(move('PageDown', 3, { count: 30 })).toEqual({ to: 10 });
    expect(move('PageUp', 3, { count: 30 })).toEqual({ to: 0 });
  });

  it('up and down go by rows, and stay where there is no day', () => {
    const month = { count: 30, row: 7 };
    expect(move('ArrowDown', 3, month)).toEqual({ to: 10 });
    expect(move('ArrowDown', 25, month)).toEqual({ to: 25 });
    expect(move('ArrowUp', 3, month)).toEqual({ to: 3 });
    expect(move('ArrowUp', 3, day)).toBeUndefined();
  });

  it('Escape leaves, also an empty chart, in which nothing else does anything', () => {
    expect(move('Escape', undefined, { count: 0 })).toBe('leave');
    expect(move('ArrowRight', undefined, { count: 0 })).toBeUndefined();
    expect(move('PageDown', undefined, { count: 0 })).toBeUndefined();
  });

  it('letters are left to the browser and to screen readers', () => {
    expect(move('h', 3, day)).toBeUndefined();
    expect(move('Tab', 3, day)).toBeUndefined();
  });
});
