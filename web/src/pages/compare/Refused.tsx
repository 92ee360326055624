// Explains why two periods cannot be compared: missing days would look like a change.

import { Plural, Trans } from '@lingui/react/macro';

import type { DaysReport } from '../../api/client';
import { usePeriod } from '../../i18n/period';
import { Banner } from '../../parts/Banner';

export function Refused({ a, b }: { a: DaysReport; b: DaysReport }) {
  return (
    <section className="panel stack">
      <Banner tone="info" title={<Trans>These periods cannot be compared</Trans>}>
        <Trans>
          A comparison needs data on at least half of the days of each period; otherwise missing days would look like a
          change.
        </Trans>
      </Banner>
      <ul className="compare-coverage">
        <Coverage letter="A" days={a} />
        <Coverage letter="B" days={b} />
      </ul>
      <p className="muted">
        <Trans>Choose other or shorter periods above.</Trans>
      </p>
    </section>
  );
}

function Coverage({ letter, days }: { letter: string; days: DaysReport }) {
  const period = usePeriod();
  return (
    <li>
      <strong>{letter}</strong> {period(days.from, days.through)}:{' '}
      <Trans>
        data on {days.days_with_data} of <Plural value={days.days.length} one="# day" other="# days" />
      </Trans>
    </li>
  );
}
