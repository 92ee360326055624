import { describe, expect, it } from 'vitest';

import { hoursOfDay } from './hours';

const numbers = {
  movements_count: 145,
  avg_response_time: 42.1,
  battery_level: 95,
  lowest_battery_level: 93,
  last_battery_level: 93.5,
  error_count: 1,
};

describe('the hours of a day', () => {
  it('an hour without numbers is zero when it is known, and unknown when it is not', () => {
    const hours = hoursOfDay(
      [
        { hour: 'a', label: '00:00', offset: '+03:00', state: 'before_first_data' },
        { hour: 'b', label: '01:00', offset: '+03:00', state: 'no_movements' },
        { hour: 'c', label: '02:00', offset: '+03:00', state: 'complete' },
        { hour: 'd', label: '03:00', offset: '+03:00', state: 'running' },
        { hour: 'e', label: '04:00', offset: '+03:00', state: 'newer_than_data' },
      ],
      [{ hour: 'c', ...numbers }],
    );
    expect(hours.map((hour) => hour.movements)).toEqual([null, 0, 145, 0, null]);
    expect(hours.map((hour) => hour.battery)).toEqual([null, null, 95, null, null]);
    expect(hours.map((hour) => hour.errors)).toEqual([null, 0, 1, 0, null]);
  });

  it('an hour that the clock shows twice is named with its offset, the others are not', () => {
    const hours = hoursOfDay(
      [
        { hour: 'a', label: '02:00', offset: '+02:00', state: 'no_movements' },
        { hour: 'b', label: '02:00', offset: '+01:00', state: 'no_movements' },
        { hour: 'c', label: '03:00', offset: '+01:00', state: 'no_movements' },
      ],
      [],
    );
    expect(hours.map((hour) => hour.name)).toEqual(['02:00 (UTC+02:00)', '02:00 (UTC+01:00)', '03:00']);
  });
});
