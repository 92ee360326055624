// Selects a zone from all regions, or UTC.

import { useLingui } from '@lingui/react/macro';
import { useMemo } from 'react';

import { deviceZone, zoneGroups } from './zones';

export interface ZoneSelectProps {
  id: string;
  value: string;
  onChange: (zone: string) => void;
  describedBy?: string | undefined;
}

export function ZoneSelect({ id, value, onChange, describedBy }: ZoneSelectProps) {
  const { t } = useLingui();
  const groups = useMemo(() => zoneGroups([value, deviceZone()]), [value]);
  return (
    <select
      id={id}
      value={value}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {value === '' && <option value="">{t`Choose a time zone`}</option>}
      <option value="UTC">UTC</option>
      {groups.map(({ region, zones }) => (
        <optgroup key={region} label={region}>
          {zones.map((zone) => (
            <option key={zone.id} value={zone.id}>
              {zone.city} ({region})
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
