// Nobody is signed in: the way in, which leads back to the view that was asked for.

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
            The session has ended, and what you were reading was removed from this screen. Sign in to come back to it.
          </Trans>
        ) : (
          <Trans>
            Sign in to read your own reports: how much you used the prosthesis, how it answered, and how the battery
            lasted.
          </Trans>
        )}
      </p>
      {/* Who has signed in in another tab already is not signed in a second time, which would end the first. */}
      <a className="button button-main" href={replaced ? href : loginUrl(href)}>
        <Trans>Sign in</Trans>
      </a>
      <LanguageChoice />
    </Frame>
  );
}
