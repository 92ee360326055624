// A period without recorded movements: stated as a fact, without a judgement.

import { Trans } from '@lingui/react/macro';

export function NoData() {
  return (
    <section className="panel stack">
      <h2>
        <Trans>No movements recorded in this period</Trans>
      </h2>
      <p className="muted">
        <Trans>
          Choose another period above. Numbers appear here about half an hour after the prosthesis sends them.
        </Trans>
      </p>
    </section>
  );
}
