import { describe, expect, it } from 'vitest';

import { last, lowest } from './extremes';

describe('the lowest and the last value', () => {
  it('skip what is unknown; of equal ones the first is the lowest', () => {
    expect(lowest([null, 40, 12, 12, null])).toEqual({ index: 2, value: 12 });
    expect(last([null, 40, 12, null])).toEqual({ index: 2, value: 12 });
  });

  it('zero is a value', () => {
    expect(lowest([5, 0, 3])).toEqual({ index: 1, value: 0 });
    expect(last([5, 0])).toEqual({ index: 1, value: 0 });
  });

  it('nothing known, nothing found', () => {
    expect(lowest([null])).toBeUndefined();
    expect(last([])).toBeUndefined();
  });
});
