// A person with a prosthesis from which nothing has come yet.

import { Trans } from '@lingui/react/macro';

export function NoDataYet() {
  return (
    <div className="panel stack">
      <h2>
        <Trans>No data yet</Trans>
      </h2>
      <p>
        <Trans>
          Your prosthesis is registered, and nothing has come from it so far. The first numbers appear here by
          themselves, within half an hour after it has sent some.
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
