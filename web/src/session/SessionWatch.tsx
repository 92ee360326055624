// Warns before the session ends and lets it be extended with one key.
//
// Reading /auth/me does not extend the session, so it may be requested whenever the local clock says the end is near.

import { Trans, useLingui } from '@lingui/react/macro';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { useNow } from '../parts/useNow';
import { extendSession, type Me, meQuery } from './me';
import { markEnded } from './owner';
import { signOut } from './signOut';

/** The time between the warning and the end. */
const WARNING_S = 120;

export function SessionWatch() {
  const client = useQueryClient();
  const { data: me, dataUpdatedAt } = useQuery({ ...meQuery, enabled: false });
  const now = useNow(1000);
  const end = me === undefined ? Number.POSITIVE_INFINITY : endOf(me);
  const warnAt = end - WARNING_S * 1000;
  // A response from before the warning was due may be outdated: later calls have extended the session.
  const isCertain = dataUpdatedAt >= warnAt;
  const mustAsk = now >= warnAt && !isCertain;
  const over = now >= end && isCertain;

  useEffect(() => {
    if (mustAsk) {
      void client.refetchQueries({ queryKey: meQuery.queryKey });
    }
  }, [client, mustAsk]);

  useEffect(() => {
    if (over) {
      void client.refetchQueries({ queryKey: meQuery.queryKey }).then(() => {
        const latest = client.getQueryData(meQuery.queryKey);
        return latest === undefined || endOf(latest) <= Date.now() ? markEnded() : undefined;
      });
    }
  }, [client, over]);

  return me !== undefined && now >= warnAt && now < end && isCertain ? (
    <EndingDialog me={me} left={Math.ceil((end - now) / 1000)} />
  ) : null;
}

function EndingDialog({ me, left }: { me: Me; left: number }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const dialog = useRef<HTMLDialogElement>(null);
  const extend = useMutation({
    mutationFn: extendSession,
    onSuccess: (extended) => client.setQueryData(meQuery.queryKey, extended),
  });
  // The absolute end of a session cannot be extended, only the idle timeout.
  const final = Date.parse(me.expires_at) <= Date.parse(me.idle_expires_at);

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  return (
    <dialog ref={dialog} aria-labelledby="ending-title" onCancel={(event) => event.preventDefault()}>
      <div className="stack">
        <h2 id="ending-title">
          <Trans>You will be signed out soon</Trans>
        </h2>
        <p>
          {final ? (
            <Trans>
              A session lasts a few hours at most, and this one is about to end. Sign in again to continue where you
              are.
            </Trans>
          ) : (
            <Trans>You have been inactive for a while. Stay signed in to continue reading.</Trans>
          )}
        </p>
        <p className="numbers" role="timer" aria-label={t`Time left`}>
          {Math.floor(left / 60)}:{String(left % 60).padStart(2, '0')}
        </p>
        {!final && (
          <button
            type="button"
            className="button-main"
            autoFocus
            disabled={extend.isPending}
            onClick={() => extend.mutate()}
          >
            <Trans>Stay signed in</Trans>
          </button>
        )}
        <button type="button" onClick={() => void signOut(client)}>
          <Trans>Sign out</Trans>
        </button>
      </div>
    </dialog>
  );
}

/** Returns the end of the session by this device's clock. */
function endOf(me: Me): number {
  return Math.min(Date.parse(me.idle_expires_at), Date.parse(me.expires_at)) + me.ahead_ms;
}
