// The captions of the day's charts: the finding of each in one sentence.

import { Plural, Trans } from '@lingui/react/macro';

import type { HourOfDay } from '../../charts';
import { useFormat } from '../../i18n/format';

export function ColumnsFinding({ hours }: { hours: readonly HourOfDay[] }) {
  const busiest = best(hours, (hour) => hour.movements);
  const empty = hours.filter((hour) => hour.state === 'no_movements').length;
  if (busiest === undefined) {
    return <Trans>No movements recorded in any hour.</Trans>;
  }
  return (
    <Trans>
      Busiest hour, from {busiest.hour.name}: <Plural value={busiest.value} one="# movement" other="# movements" />. No
      movements recorded in <Plural value={empty} one="# hour" other="# hours" />.
    </Trans>
  );
}

export function PanelsFinding({ hours }: { hours: readonly HourOfDay[] }) {
  const format = useFormat();
  const lowest = best(hours, (hour) => (hour.lowest === null ? null : -hour.lowest));
  const slowest = best(hours, (hour) => hour.response);
  if (lowest === undefined || slowest === undefined) {
    return <Trans>No battery or response readings.</Trans>;
  }
  const battery = format.unit(Math.round(-lowest.value), 'percent');
  const response = format.unit(Math.round(slowest.value), 'ms');
  if (lowest.hour === slowest.hour) {
    return (
      <Trans>
        In the hour from {lowest.hour.name} the battery was lowest, {battery}, and the response slowest, {response}.
      </Trans>
    );
  }
  return (
    <Trans>
      Lowest battery in the hour from {lowest.hour.name}: {battery}. Slowest response in the hour from{' '}
      {slowest.hour.name}: {response}.
    </Trans>
  );
}

/** Returns the hour with the largest number, the first of several. */
function best(
  hours: readonly HourOfDay[],
  of: (hour: HourOfDay) => number | null,
): { hour: HourOfDay; value: number } | undefined {
  let found: { hour: HourOfDay; value: number } | undefined;
  for (const hour of hours) {
    const value = of(hour);
    if (value !== null && (found === undefined || value > found.value)) {
      found = { hour, value };
    }
  }
  return found !== undefined && found.value === 0 && found.hour.movements === 0 ? undefined : found;
}
