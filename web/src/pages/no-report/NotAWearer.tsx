// The page for an account without a prosthesis: what would be here, and whom to contact.

import { Trans, useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';
import { useMe } from '../../shell/MeContext';

export default function NotAWearer() {
  const { t } = useLingui();
  const { user } = useMe();
  return (
    <div className="stack">
      <PageHead title={t`No prosthesis is linked to this account`} />
      <p>
        <Trans>
          Here you would see your days with a bionic prosthesis: movements, hours in use, response time, battery and
          errors, each compared with your own usual days.
        </Trans>
      </p>
      <p>
        <Trans>
          If you wear one, ask your prosthetist or BionicPRO support to link your user name, <strong>{user}</strong>, to
          your prosthesis. Your reports will then appear automatically within half an hour.
        </Trans>
      </p>
    </div>
  );
}
