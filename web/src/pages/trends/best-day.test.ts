import { describe, expect, it } from 'vitest';

import { bestDay } from './best-day';

const day = (date: string, state: 'complete' | 'running' | 'no_movements', total_movements: number | null) => ({
  date,
  state,
  total_movements,
});

describe('the best day', () => {
  it('is a complete one: a day that still runs is not judged', () => {
    const days = [day('a', 'complete', 10), day('b', 'no_movements', 0), day('c', 'running', 500)];
    expect(bestDay(days)?.date).toBe('a');
  });

  it('is the newest of equal ones', () => {
    expect(bestDay([day('a', 'complete', 10), day('b', 'complete', 10)])?.date).toBe('b');
  });

  it('does not exist where nothing was recorded', () => {
    expect(bestDay([day('a', 'no_movements', 0)])).toBeUndefined();
  });
});
