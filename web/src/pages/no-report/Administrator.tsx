// The page for administrators, who cannot read reports.

import { Trans, useLingui } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import { PageHead } from '../../parts/PageHead';

export default function Administrator() {
  const { t } = useLingui();
  return (
    <div className="stack">
      <PageHead title={t`Administrators have no reports`} />
      <p>
        <Trans>
          Reports are health data. Each person can read only their own, so this account sees none, neither here nor
          through the API.
        </Trans>
      </p>
      <p>
        <Trans>The Pipeline page shows whether the pipeline is running and how fresh its data are.</Trans>
      </p>
      <Link to="/staff" className="button button-main">
        <Trans>Go to the pipeline</Trans>
      </Link>
    </div>
  );
}
