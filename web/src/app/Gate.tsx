// Chooses the screen by session: not signed in yet, no longer signed in, signed in without a zone, signed in.

import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';

import { browserLanguage, type Language, speak } from '../i18n/i18n';
import { Frame } from '../parts/Frame';
import { ProblemPanel } from '../parts/ProblemPanel';
import { NOTHING_CHOSEN, preferencesQuery } from '../preferences/preferences';
import { useAppearance } from '../preferences/useAppearance';
import { isAdministrator, type Me } from '../session/me';
import { useSession } from '../session/useSession';
import { HereContext } from '../shell/MeContext';
import { Shell } from '../shell/Shell';

const SignIn = lazy(() => import('../pages/signed-out/SignIn'));
const FirstVisit = lazy(() => import('../pages/settings/FirstVisit'));

export function Gate() {
  const session = useSession();
  switch (session.kind) {
    case 'checking':
      return <Frame busy />;
    case 'out':
      return (
        <Suspense fallback={<Frame busy />}>
          <SignIn />
        </Suspense>
      );
    case 'failed':
      return (
        <Frame>
          <ProblemPanel error={session.error} retry={session.retry} />
        </Frame>
      );
    case 'in':
      return <SignedIn me={session.me} offline={session.offline} />;
  }
}

function SignedIn({ me, offline }: { me: Me; offline: boolean }) {
  const { data, error, refetch, fetchStatus } = useQuery(preferencesQuery);
  const unread = data === undefined && (offline || fetchStatus === 'paused');
  const chosen = unread ? NOTHING_CHOSEN : data;
  const speaking = useLanguage(chosen?.language);
  useAppearance(chosen ?? NOTHING_CHOSEN);

  if (chosen === undefined || !speaking) {
    return error === null || data !== undefined ? (
      <Frame busy />
    ) : (
      <Frame>
        <ProblemPanel error={error} retry={() => void refetch()} />
      </Frame>
    );
  }
  if (chosen.timezone === null && !unread && !isAdministrator(me)) {
    return (
      <Suspense fallback={<Frame busy />}>
        <FirstVisit me={me} />
      </Suspense>
    );
  }
  return (
    <HereContext value={{ me, offline }}>
      <Shell />
    </HereContext>
  );
}

/** Activates the chosen language; returns false until its strings are loaded. */
function useLanguage(chosen: string | null | undefined): boolean {
  const language: Language = chosen === 'ru' || chosen === 'en' ? chosen : browserLanguage();
  const [spoken, setSpoken] = useState<Language | null>(null);
  useEffect(() => {
    if (chosen !== undefined) {
      void speak(language).then(() => setSpoken(language));
    }
  }, [chosen, language]);
  return spoken !== null;
}
