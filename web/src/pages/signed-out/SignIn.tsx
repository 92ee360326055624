// The sign-in page, shown when no one is signed in; signing in returns to the requested view.

import { Trans, useLingui } from '@lingui/react/macro';
import { useLocation } from '@tanstack/react-router';

import { Frame } from '../../parts/Frame';
import { PageHead } from '../../parts/PageHead';
import { loginUrl } from '../../session/me';
import { usePageState } from '../../session/owner';
import { LanguageChoice } from './LanguageChoice';

export default function SignIn() {
  const { t } = useLingui();
  const { ended, replaced } = usePageState();
  const { href } = useLocation();
  return (
    <Frame>
      <PageHead title={ended ? t`You have been signed out` : t`Your prosthesis, day by day`} />
      <p>
        {ended ? (
          <Trans>
            Your session has ended, and what you were reading has been removed from this screen. Sign in to return to
            it.
          </Trans>
        ) : (
          <Trans>
            Sign in to read your own reports: how much you used the prosthesis, how quickly it responded, and how the
            battery held up.
          </Trans>
        )}
      </p>
      {/* If another tab has signed in already, a second sign-in would end that session: only reload. */}
      <a className="button button-main" href={replaced ? href : loginUrl(href)}>
        <Trans>Sign in</Trans>
      </a>
      <LanguageChoice />
    </Frame>
  );
}
