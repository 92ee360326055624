// The page after signing out.

import { Trans, useLingui } from '@lingui/react/macro';
import { getRouteApi } from '@tanstack/react-router';

import { Banner } from '../../parts/Banner';
import { Frame } from '../../parts/Frame';
import { PageHead } from '../../parts/PageHead';
import { loginUrl } from '../../session/me';
import { usePageState } from '../../session/owner';
import { LanguageChoice } from './LanguageChoice';

const route = getRouteApi('/signed-out');

export default function SignedOut() {
  const { t } = useLingui();
  const { unconfirmed } = route.useSearch();
  const { replaced } = usePageState();
  return (
    <Frame>
      <PageHead title={t`You are signed out`} />
      <p>
        <Trans>None of your report data remain on this device.</Trans>
      </p>
      {unconfirmed && (
        <Banner tone="warn" title={<Trans>The service did not respond</Trans>}>
          <Trans>
            This device has forgotten everything, but the session on the server may last up to 15 minutes more. On a
            shared device, close the browser, or sign in and out again when the network is back.
          </Trans>
        </Banner>
      )}
      <a className="button button-main" href={replaced ? '/' : loginUrl('/')}>
        <Trans>Sign in again</Trans>
      </a>
      <LanguageChoice />
    </Frame>
  );
}
