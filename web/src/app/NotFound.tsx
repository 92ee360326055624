// The page for an unknown URL.

import { Trans, useLingui } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import { PageHead } from '../parts/PageHead';

export function NotFound() {
  const { t } = useLingui();
  return (
    <div className="stack">
      <PageHead title={t`There is no such page`} />
      <p>
        <Trans>The address may be mistyped or out of date.</Trans>
      </p>
      <Link to="/" className="button button-main">
        <Trans>Go to the latest day</Trans>
      </Link>
    </div>
  );
}
