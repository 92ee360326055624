// A wearer whose prosthesis has not sent any data yet.

import { Trans } from '@lingui/react/macro';

export function NoDataYet() {
  return (
    <div className="panel stack">
      <h2>
        <Trans>No data yet</Trans>
      </h2>
      <p>
        <Trans>
          Your prosthesis is registered but has not sent any data yet. The first numbers will appear here automatically,
          within half an hour of its first data.
        </Trans>
      </p>
      <p>
        <Trans>
          If you have used it for more than a day and this page stays empty, call your prosthetist or BionicPRO support.
        </Trans>
      </p>
    </div>
  );
}
