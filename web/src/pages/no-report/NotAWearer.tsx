// An account to which no prosthesis belongs: what would be here, and whom to ask.

import { Trans, useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';
import { useMe } from '../../shell/MeContext';

export default function NotAWearer() {
  const { t } = useLingui();
  const { user } = useMe();
  return (
    <div className="stack">
      <PageHead title={t`No prosthesis belongs to this account`} />
      <p>
        <Trans>
          Here you would see your days with a bionic prosthesis: movements, hours in use, response time, battery and
          errors, each against your own usual days.
        </Trans>
      </p>
      <p>
        <Trans>
          If you wear one, ask your prosthetist or BionicPRO support to enter your user name, <strong>{user}</strong>,
          with your prosthesis. The reports appear by themselves within half an hour after that.
        </Trans>
      </p>
    </div>
  );
}
