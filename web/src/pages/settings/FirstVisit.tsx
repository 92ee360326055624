// The only question of the first visit: the time zone whose midnights delimit the wearer's days.

import { Trans, useLingui } from '@lingui/react/macro';
import { type FormEvent, useState } from 'react';

import { Frame } from '../../parts/Frame';
import { PageHead } from '../../parts/PageHead';
import { ProblemPanel } from '../../parts/ProblemPanel';
import { useChangePreferences } from '../../preferences/preferences';
import type { Me } from '../../session/me';
import { deviceZone } from './zones';
import { ZoneSelect } from './ZoneSelect';

export default function FirstVisit({ me }: { me: Me }) {
  const { t } = useLingui();
  const [zone, setZone] = useState(() => deviceZone() ?? '');
  const change = useChangePreferences({ patient: true });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (zone !== '') {
      change.mutate({ timezone: zone });
    }
  };
  return (
    <Frame>
      <PageHead title={t`Choose your time zone`} />
      <p>
        <Trans>
          Welcome, {me.name ?? me.user}. Each day in your reports runs from midnight to midnight in one time zone. It
          stays the same when you travel, and you can change it in the settings.
        </Trans>
      </p>
      <form className="stack" onSubmit={submit}>
        <label className="field" htmlFor="zone">
          <Trans>Time zone</Trans>
        </label>
        <ZoneSelect id="zone" value={zone} onChange={setZone} describedBy="zone-hint" />
        <p id="zone-hint" className="muted">
          <Trans>The zone of this device is already selected.</Trans>
        </p>
        <button type="submit" className="button-main" disabled={zone === '' || change.isPending}>
          <Trans>Show my reports</Trans>
        </button>
      </form>
      {change.isError && <ProblemPanel error={change.error} />}
    </Frame>
  );
}
