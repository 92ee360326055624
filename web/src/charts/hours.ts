// The hours of a day as the charts take them: the service's list of hours joined with its numbers, each with a unique
// name.

import type { PointState } from './states';

export interface HourOfDay {
  /** The instant at which the hour starts, which is its key. */
  hour: string;
  /** The local time: '14:00'. */
  label: string;
  /** The same, with the offset if the clock shows this hour twice. */
  name: string;
  state: PointState;
  movements: number | null;
  response: number | null;
  battery: number | null;
  lowest: number | null;
  last: number | null;
  errors: number | null;
}

interface ListedHour {
  hour: string;
  label: string;
  offset: string;
  state: PointState;
}

interface HourNumbers {
  hour: string;
  movements_count: number;
  avg_response_time: number | null;
  battery_level: number | null;
  lowest_battery_level: number | null;
  last_battery_level: number | null;
  error_count: number;
}

/** Returns all 23 to 25 hours of the day, with the numbers of those that have any. */
export function hoursOfDay(hours: readonly ListedHour[], numbers: readonly HourNumbers[]): HourOfDay[] {
  const byHour = new Map(numbers.map((number) => [number.hour, number]));
  const times = new Map<string, number>();
  for (const { label } of hours) times.set(label, (times.get(label) ?? 0) + 1);
  return hours.map(({ hour, label, offset, state }) => {
    const known = byHour.get(hour);
    const silent = state === 'no_movements' || state === 'running' ? 0 : null;
    return {
      hour,
      label,
      name: (times.get(label) ?? 1) > 1 ? `${label} (UTC${offset})` : label,
      state,
      movements: known?.movements_count ?? silent,
      response: known?.avg_response_time ?? null,
      battery: known?.battery_level ?? null,
      lowest: known?.lowest_battery_level ?? null,
      last: known?.last_battery_level ?? null,
      errors: known?.error_count ?? silent,
    };
  });
}
