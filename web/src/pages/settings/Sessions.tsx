// The account's sessions, each with a button that ends it.

import { Trans, useLingui } from '@lingui/react/macro';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { useFormat } from '../../i18n/format';
import { Answer } from '../../parts/Answer';
import { ProblemPanel } from '../../parts/ProblemPanel';
import { Skeleton } from '../../parts/Skeleton';
import { endAllSessions, endSession, type SessionEntry, sessionsQuery } from '../../session/me';
import { leave, signOut } from '../../session/signOut';

export function Sessions() {
  const { t } = useLingui();
  const client = useQueryClient();
  const query = useQuery(sessionsQuery);
  const end = useMutation({
    mutationFn: endSession,
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  const endAll = useMutation({
    mutationFn: endAllSessions,
    onSuccess: async () => {
      await leave(client);
      window.location.assign('/signed-out');
    },
  });
  return (
    <section className="panel setting" aria-labelledby="sessions-title">
      <h2 id="sessions-title">
        <Trans>Where you are signed in</Trans>
      </h2>
      <Answer query={query} skeleton={<Skeleton height="7rem" />}>
        {({ sessions }) => (
          <ul className="sessions" aria-label={t`Sessions`}>
            {sessions.map((entry) => (
              <Entry
                key={entry.id}
                entry={entry}
                end={() => (entry.current ? void signOut(client) : end.mutate(entry.id))}
              />
            ))}
          </ul>
        )}
      </Answer>
      {end.isError && <ProblemPanel error={end.error} />}
      {endAll.isError && <ProblemPanel error={endAll.error} />}
      <button type="button" className="setting-end" disabled={endAll.isPending} onClick={() => endAll.mutate()}>
        <Trans>Sign out everywhere</Trans>
      </button>
    </section>
  );
}

function Entry({ entry, end }: { entry: SessionEntry; end: () => void }) {
  const format = useFormat();
  const since = format.dateTime(entry.created_at);
  const seen = format.dateTime(entry.last_seen_at);
  return (
    <li className="session">
      <div>
        <strong>{entry.agent}</strong>{' '}
        {entry.current && (
          <span className="session-here">
            <Trans>this browser</Trans>
          </span>
        )}
        <p className="muted numbers">
          <Trans>
            since {since}, last used {seen}
          </Trans>
        </p>
      </div>
      <button type="button" onClick={end}>
        <Trans>Sign out</Trans>
        <span className="visually-hidden">: {entry.agent}</span>
      </button>
    </li>
  );
}
