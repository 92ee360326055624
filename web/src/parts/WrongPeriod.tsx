// A period that the service rejects, and the rules for periods.

import { Trans } from '@lingui/react/macro';

import { hasStatus } from '../api/problem';
import { Banner } from './Banner';

/** Returns true if the service rejected the period itself. */
export function isWrongPeriod(error: unknown): boolean {
  return hasStatus(error, 400);
}

export function WrongPeriod() {
  return (
    <section className="panel stack">
      <Banner tone="info" title={<Trans>This period cannot be shown</Trans>}>
        <Trans>
          A period can have at most 366 days, must not end before it begins, and must not end after today. Choose
          another period above.
        </Trans>
      </Banner>
    </section>
  );
}
