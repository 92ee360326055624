// A period that the service refuses, and what periods there are.

import { Trans } from '@lingui/react/macro';

import { hasStatus } from '../api/problem';
import { Banner } from './Banner';

/** Whether the service has refused the period itself. */
export function isWrongPeriod(error: unknown): boolean {
  return hasStatus(error, 400);
}

export function WrongPeriod() {
  return (
    <section className="panel stack">
      <Banner tone="info" title={<Trans>This period cannot be shown</Trans>}>
        <Trans>
          A period has at most 366 days, its first day is not after its last, and its last day is not after today.
          Choose another period above.
        </Trans>
      </Banner>
    </section>
  );
}
