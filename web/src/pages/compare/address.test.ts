import { describe, expect, it } from 'vitest';

import { compareSearch, parsePeriod, writePeriod } from './address';

describe('the address of a comparison', () => {
  it('survives being written and read', () => {
    const a = writePeriod('2026-11-14', '2026-11-20');
    expect(parsePeriod(a)).toEqual({ from: '2026-11-14', to: '2026-11-20' });
    expect(compareSearch({ a, b: a })).toEqual({ a, b: a });
  });

  it.each([
    '',
    '2026-11-14',
    '2026-11-14..',
    '2026-11-14..2026-11-2',
    ' 2026-11-14..2026-11-20',
    20261114,
    null,
    ['a'],
  ])('what is not a period is as good as absent: %j', (value) => {
    expect(compareSearch({ a: value })).toEqual({});
  });
});
