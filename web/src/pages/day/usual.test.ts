import { describe, expect, it } from 'vitest';

import { digitsFor, marks, standing } from './usual';

const band = { median: 100, low: 80, high: 120, days: 26 };

describe('standing to usual days', () => {
  it('counts the edges of the band as usual', () => {
    expect(standing(80, band)).toBe('usual');
    expect(standing(120, band)).toBe('usual');
    expect(standing(79.9, band)).toBe('below');
    expect(standing(120.1, band)).toBe('above');
  });

  it('is not known without a number or without enough days', () => {
    expect(standing(null, band)).toBeNull();
    expect(standing(100, null)).toBeNull();
  });
});

describe('digits of a band', () => {
  it('are none where whole numbers tell its edges apart', () => {
    expect(digitsFor(band)).toBe(0);
    expect(digitsFor(null)).toBe(0);
  });

  it('are one where they do not', () => {
    expect(digitsFor({ median: 45.2, low: 44.9, high: 45.4, days: 26 })).toBe(1);
  });
});

describe('marks of a band', () => {
  it('keeps every mark on the line, in order', () => {
    const { low, high, median, value } = marks(300, band);
    expect([low, median, high, value].every((mark) => mark >= 0 && mark <= 1)).toBe(true);
    expect(low).toBeLessThan(median);
    expect(high).toBeLessThan(value);
  });

  it('puts everything in the middle when all days were the same', () => {
    expect(marks(5, { median: 5, low: 5, high: 5, days: 9 })).toEqual({ low: 0.5, high: 0.5, median: 0.5, value: 0.5 });
  });
});
