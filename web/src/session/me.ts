// The signed-in account, as the session's server reports it. No token ever reaches the page.

import { queryOptions } from '@tanstack/react-query';

import { call, send } from '../api/call';
import { SessionOver } from '../api/problem';
import { claim, pageState } from './owner';
import { tellTabs } from './tabs';

export interface Me {
  user: string;
  /** Identifies the session in every call; not a secret. */
  session: string;
  name: string | null;
  roles: string[];
  authenticated_at: string;
  idle_expires_at: string;
  expires_at: string;
  /** The number of milliseconds by which this device's clock is ahead of the server's. */
  ahead_ms: number;
}

/** One session of the account. */
export interface SessionEntry {
  id: string;
  created_at: string;
  last_seen_at: string;
  agent: string;
  current: boolean;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => answerOf('/auth/me', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
  // Another account may have signed in meanwhile, in another tab or while there was no network.
  refetchOnWindowFocus: 'always',
  refetchOnReconnect: 'always',
  retry: false,
});

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }) => call<{ sessions: SessionEntry[] }>('/auth/sessions', { signal }),
  staleTime: 0,
});

/** Extends the idle timeout. */
export function extendSession(): Promise<Me> {
  return answerOf('/auth/extend', { method: 'POST' });
}

/** Ends one other session. */
export function endSession(id: string): Promise<void> {
  return call<void>(`/auth/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** Ends all sessions, including this one. */
export function endAllSessions(): Promise<void> {
  return call<void>('/auth/sessions', { method: 'DELETE' });
}

/** Returns the URL that starts a sign-in, which returns to `returnTo`. */
export function loginUrl(returnTo: string): string {
  return `/auth/login?return_to=${encodeURIComponent(returnTo)}`;
}

export function isWearer(me: Me): boolean {
  return me.roles.includes('prothetic_user');
}

export function isAdministrator(me: Me): boolean {
  return me.roles.includes('administrator');
}

async function answerOf(url: string, options: RequestInit): Promise<Me> {
  const response = await send(url, options);
  const sent = Date.parse(response.headers.get('date') ?? '');
  const me = (await response.json()) as Omit<Me, 'ahead_ms'>;
  const isFirst = pageState().owner === null;
  if (!claim(me)) {
    throw new SessionOver();
  }
  if (isFirst) {
    tellTabs({ came: me.session });
  }
  return { ...me, ahead_ms: Number.isNaN(sent) ? 0 : Date.now() - sent };
}
