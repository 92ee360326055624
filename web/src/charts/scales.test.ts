import { describe, expect, it } from 'vitest';

import { around, columnAt, columns, fromZero, lines, middle, named } from './scales';

const box = { left: 40, right: 280, top: 10, bottom: 210 };

const hours = Array.from({ length: 24 }, (_, hour) => hour);

function shown(band: number): number[] {
  return hours.filter((_, index) => named(hours, band, 24, [1, 2, 3, 6, 12])[index]);
}

describe('columns', () => {
  it.each([23, 24, 25])('%i hours share the width, and a tap in the middle of one finds it', (count) => {
    const x = columns(count, box);
    for (let index = 0; index < count; index += 1) {
      expect(columnAt(middle(x, index), count, box)).toBe(index);
    }
  });

  it('a tap beside the columns finds the nearest one', () => {
    expect(columnAt(0, 24, box)).toBe(0);
    expect(columnAt(900, 24, box)).toBe(23);
  });
});

describe('the axis of counts', () => {
  it('begins at zero and ends on a round number that holds the largest', () => {
    expect(fromZero([null, 145, 812], box).domain()).toEqual([0, 1000]);
  });

  it('is one high when there is nothing, and never has a line at half an error', () => {
    const scale = fromZero([null, 0], box);
    expect(scale.domain()).toEqual([0, 1]);
    expect(lines(scale, 4, true)).toEqual([0, 1]);
  });
});

describe('the axis of measurements', () => {
  it('does not magnify small differences', () => {
    const [low = 0, high = 0] = around([181, 183, null], 20, box).domain();
    expect(high - low).toBeGreaterThanOrEqual(20);
    expect(low).toBeLessThanOrEqual(181);
    expect(high).toBeGreaterThanOrEqual(183);
  });

  it('never goes below zero', () => {
    expect(around([3], 40, box).domain()[0]).toBe(0);
  });
});

describe('names below the axis', () => {
  it('are as many as fit', () => {
    expect(shown(30)).toHaveLength(24);
    expect(shown(10)).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
    expect(shown(5)).toEqual([0, 6, 12, 18]);
  });

  it('do not touch where the clock shows an hour twice', () => {
    const twice = [0, 1, 2, 3, 3, 4, 5, 6];
    expect(named(twice, 10, 20, [1, 3])).toEqual([true, false, false, true, false, false, false, true]);
  });
});
