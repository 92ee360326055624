// A difference in words: its amount and direction, without a judgement.

import { useLingui } from '@lingui/react/macro';

import type { ComparedMetric, Difference } from '../../api/client';
import { useFormat } from '../../i18n/format';

/** Differences below this share are called "about the same". */
const SAME_PERCENT = 3;

export function useDifferenceWords() {
  const { t } = useLingui();
  const { number, unit } = useFormat();

  const name = (metric: ComparedMetric): string => {
    switch (metric) {
      case 'movements_per_day':
        return t`Movements per day`;
      case 'usage_hours_per_day':
        return t`Hours in use per day`;
      case 'avg_response_time_ms':
        return t`Response`;
      case 'avg_battery_level':
        return t`Battery, average`;
      case 'lowest_battery_level':
        return t`Battery, lowest`;
      case 'errors_per_1000_movements':
        return t`Errors per 1,000 movements`;
    }
  };

  const value = (metric: ComparedMetric, amount: number | null): string => {
    switch (metric) {
      case 'movements_per_day':
      case 'errors_per_1000_movements':
        return number(amount);
      case 'usage_hours_per_day':
        return unit(amount, 'hour');
      case 'avg_response_time_ms':
        return unit(amount, 'ms');
      case 'avg_battery_level':
      case 'lowest_battery_level':
        return unit(amount, 'percent');
    }
  };

  const change = ({ metric, a, b, difference, percent }: Difference): string => {
    if (difference === null) {
      return t`not known`;
    }
    // Values that are displayed the same are the same: a difference beyond the last shown digit is irrelevant.
    if (difference === 0 || value(metric, a) === value(metric, b)) {
      return t`the same`;
    }
    // A percentage of a percentage would mislead; battery levels differ in percentage points.
    const points = metric === 'avg_battery_level' || metric === 'lowest_battery_level';
    const amount = points ? t`${number(Math.abs(difference))} points` : value(metric, Math.abs(difference));
    const share =
      percent === null || points ? '' : ` (${difference > 0 ? '+' : '−'}${unit(Math.abs(percent), 'percent')})`;
    return difference > 0 ? t`B is higher by ${amount}${share}` : t`B is lower by ${amount}${share}`;
  };

  const sentence = (differences: readonly Difference[]): string => {
    const of = (metric: ComparedMetric) => differences.find((difference) => difference.metric === metric);
    const movements = of('movements_per_day');
    const response = of('avg_response_time_ms');
    return [movements && movementsSentence(movements), response && responseSentence(response)]
      .filter(Boolean)
      .join(' ');
  };

  const movementsSentence = ({ a, b, percent }: Difference): string => {
    if (percent === null) {
      return '';
    }
    const numbers = t`${number(b)} per day in B, ${number(a)} in A`;
    if (Math.abs(percent) < SAME_PERCENT) {
      return t`About as many movements in both periods: ${numbers}.`;
    }
    const share = unit(Math.abs(percent), 'percent');
    return percent > 0
      ? t`${share} more movements in B than in A: ${numbers}.`
      : t`${share} fewer movements in B than in A: ${numbers}.`;
  };

  const responseSentence = ({ difference, percent }: Difference): string => {
    if (difference === null || percent === null) {
      return '';
    }
    if (Math.abs(percent) < SAME_PERCENT) {
      return t`Response is about the same.`;
    }
    const amount = unit(Math.abs(difference), 'ms');
    return difference > 0 ? t`Response is slower in B by ${amount}.` : t`Response is faster in B by ${amount}.`;
  };

  return { name, value, change, sentence };
}
