import { describe, expect, it } from 'vitest';

import { errorSpan } from './errorSpan';

const day = (errors: Record<number, number>, length = 24) =>
  Array.from({ length }, (_, hour) => ({ name: `${String(hour).padStart(2, '0')}:00`, errors: errors[hour] ?? 0 }));

describe('when errors happened', () => {
  it('says nothing of a day without errors', () => {
    expect(errorSpan(day({}))).toEqual({ kind: 'none' });
    expect(errorSpan(day({}).map((hour) => ({ ...hour, errors: null })))).toEqual({ kind: 'none' });
  });

  it('names the one hour that had them all', () => {
    expect(errorSpan(day({ 16: 3 }))).toEqual({ kind: 'within', from: '16:00', until: '17:00' });
  });

  it('names a short stretch', () => {
    expect(errorSpan(day({ 14: 1, 16: 3 }))).toEqual({ kind: 'within', from: '14:00', until: '17:00' });
  });

  it('ends the last hour of the day at midnight', () => {
    expect(errorSpan(day({ 23: 2 }))).toEqual({ kind: 'within', from: '23:00', until: '24:00' });
    expect(errorSpan(day({ 22: 2 }, 23))).toEqual({ kind: 'within', from: '22:00', until: '24:00' });
  });

  it('names the hour with more than half of them', () => {
    expect(errorSpan(day({ 2: 1, 9: 4, 20: 1 }))).toEqual({ kind: 'mostly', from: '09:00', until: '10:00', count: 4 });
  });

  it('counts the hours when there is no such hour', () => {
    expect(errorSpan(day({ 2: 1, 9: 1, 20: 1 }))).toEqual({ kind: 'spread', hours: 3 });
    expect(errorSpan(day({ 2: 2, 20: 2 }))).toEqual({ kind: 'spread', hours: 2 });
  });
});
