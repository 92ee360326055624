// An administrator reads nobody's report, and this page says so.

import { Trans, useLingui } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import { PageHead } from '../../parts/PageHead';

export default function Administrator() {
  const { t } = useLingui();
  return (
    <div className="stack">
      <PageHead title={t`An administrator has no reports`} />
      <p>
        <Trans>
          Reports are health data. Each person reads their own and nobody else's, so this account sees none: not here,
          and not by the API.
        </Trans>
      </p>
      <p>
        <Trans>Whether the pipeline runs and how fresh its data are stands on the page Pipeline.</Trans>
      </p>
      <Link to="/staff" className="button button-main">
        <Trans>To the pipeline</Trans>
      </Link>
    </div>
  );
}
