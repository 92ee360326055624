// The text of an hour: the same in the line below a chart, for a screen reader and in the table.

import { useLingui } from '@lingui/react/macro';
import { plural } from '@lingui/core/macro';
import { useFormat } from '../i18n/format';
import type { HourOfDay } from './hours';

export function useHourWords() {
  const { t } = useLingui();
  const { number, unit } = useFormat();

  /** Returns the count, or the words shown instead of it. */
  const movements = (hour: HourOfDay): string => {
    const count = hour.movements ?? 0;
    switch (hour.state) {
      case 'complete':
        return number(count);
      case 'running':
        return t`${number(count)} so far`;
      case 'no_movements':
        return t`no movements recorded`;
      case 'newer_than_data':
        return t`not covered by the data yet`;
      case 'before_first_data':
        return t`before the first data`;
    }
  };

  const spokenMovements = (hour: HourOfDay): string => {
    const count = hour.movements ?? 0;
    const counted = plural(count, { one: '# movement', other: '# movements' });
    switch (hour.state) {
      case 'complete':
        return t`From ${hour.name}: ${counted}`;
      case 'running':
        return t`From ${hour.name}: ${counted} so far, the hour is not over yet`;
      case 'no_movements':
      case 'newer_than_data':
      case 'before_first_data':
        return t`From ${hour.name}: ${movements(hour)}`;
    }
  };

  const spokenMeasures = (hour: HourOfDay): string => {
    if (hour.movements === null || hour.movements === 0) {
      return t`From ${hour.name}: ${movements(hour)}`;
    }
    const battery = unit(hour.battery, 'percent');
    const lowest = unit(hour.lowest, 'percent');
    const last = unit(hour.last, 'percent');
    const response = unit(hour.response, 'ms');
    const errors = plural(hour.errors ?? 0, { one: '# error', other: '# errors' });
    return t`From ${hour.name}: battery ${battery}, lowest ${lowest}, last ${last}; response ${response}; ${errors}`;
  };

  return { movements, spokenMovements, spokenMeasures };
}
