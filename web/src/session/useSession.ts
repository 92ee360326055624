// The signed-in account and its source: the server, or the offline record while the server does not respond.

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { hasStatus } from '../api/problem';
import { restoreFor, restoreLast } from '../offline/keep';
import { type Me, meQuery } from './me';
import { usePageState } from './owner';
import { forget } from './signOut';

export type Session =
  | { kind: 'checking' }
  | { kind: 'in'; me: Me; offline: boolean }
  | { kind: 'out' }
  | { kind: 'failed'; error: unknown; retry: () => void };

export function useSession(): Session {
  const client = useQueryClient();
  const { ended } = usePageState();
  const { data: me, error, fetchStatus, refetch } = useQuery(meQuery);
  const [restored, setRestored] = useState<Me | 'nobody' | undefined>(undefined);

  const out = ended || hasStatus(error, 401);
  const unanswered = me === undefined && !out && (error !== null || fetchStatus === 'paused');
  const session = me?.session;

  useEffect(() => {
    if (out) {
      void forget(client, { keepMe: true });
    } else if (session !== undefined) {
      void restoreFor(client, session).then(setRestored);
    } else if (unanswered) {
      void restoreLast(client).then(setRestored);
    }
  }, [client, out, session, unanswered]);

  if (out) {
    return { kind: 'out' };
  }
  if (me !== undefined) {
    return restored === undefined ? { kind: 'checking' } : { kind: 'in', me, offline: false };
  }
  if (!unanswered || restored === undefined) {
    return { kind: 'checking' };
  }
  if (restored !== 'nobody') {
    return { kind: 'in', me: restored, offline: true };
  }
  return { kind: 'failed', error, retry: () => void refetch() };
}
