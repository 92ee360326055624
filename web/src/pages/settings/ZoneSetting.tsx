// The zone whose midnights delimit the days. Saved with a button, since a list that saved while the reader moves
// through it with the arrow keys would be a trap.

import { Trans } from '@lingui/react/macro';
import { type FormEvent, useState } from 'react';

import { deviceZone } from './zones';
import { ZoneSelect } from './ZoneSelect';

export function ZoneSetting({ zone, fixed, save }: { zone: string; fixed: boolean; save: (zone: string) => void }) {
  const [wanted, setWanted] = useState(zone);
  const device = deviceZone();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!fixed && wanted !== '' && wanted !== zone) {
      save(wanted);
    }
  };
  return (
    <form className="panel setting" onSubmit={submit}>
      <h2>
        <label htmlFor="setting-zone">
          <Trans>Time zone of your reports</Trans>
        </label>
      </h2>
      <p id="setting-zone-hint" className="muted">
        {device !== undefined && device !== zone ? (
          <Trans>
            This device is set to {device}. Your reports stay in the time zone that you chose, wherever you are.
          </Trans>
        ) : (
          <Trans>Your reports stay in this time zone, wherever you are.</Trans>
        )}
      </p>
      <div className="setting-options">
        <ZoneSelect id="setting-zone" value={wanted} onChange={setWanted} describedBy="setting-zone-hint" />
        <button type="submit" aria-disabled={fixed || wanted === zone || undefined}>
          <Trans>Save the time zone</Trans>
        </button>
      </div>
    </form>
  );
}
