// A day as the charts take it, and its text: the same in the line below a chart, in tables and in the calendar.

import { plural } from '@lingui/core/macro';
import { useLingui } from '@lingui/react/macro';

import { useFormat } from '../i18n/format';
import type { PointState } from './states';

export interface DayFigure {
  date: string;
  weekday: string;
  state: PointState;
  total_movements: number | null;
  median_movements_7_days: number | null;
}

export function useDayWords() {
  const { t } = useLingui();
  const { number, date } = useFormat();
  const movements = (day: DayFigure): string => {
    switch (day.state) {
      case 'complete':
        return number(day.total_movements);
      case 'running':
        return t`${number(day.total_movements)} so far`;
      case 'no_movements':
        return t`no movements recorded`;
      case 'newer_than_data':
        return t`not covered by the data yet`;
      case 'before_first_data':
        return t`before the first data`;
    }
  };
  const spoken = (day: DayFigure): string => {
    const name = date(day.date, 'short');
    const counted = plural(day.total_movements ?? 0, { one: '# movement', other: '# movements' });
    if (day.state === 'running') {
      return t`${name}: ${counted} so far`;
    }
    if (day.state !== 'complete') {
      return t`${name}: ${movements(day)}`;
    }
    if (day.median_movements_7_days === null) {
      return t`${name}: ${counted}`;
    }
    return t`${name}: ${counted}; 7-day median ${number(day.median_movements_7_days)}`;
  };
  return { movements, spoken };
}
