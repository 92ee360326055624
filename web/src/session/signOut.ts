// Signing out: clears the device first, whatever the server responds.

import type { QueryClient } from '@tanstack/react-query';

import { call } from '../api/call';
import { hasStatus, SessionOver } from '../api/problem';
import { keepNoLonger } from '../offline/keep';
import { forgetRecord } from '../offline/record';
import { pageState } from './owner';
import { tellTabs } from './tabs';

/** Clears the device, ends the session, and redirects to the issuer, which ends its own. */
export async function signOut(client: QueryClient): Promise<void> {
  await leave(client);
  try {
    const answer = await call<{ location: string }>('/auth/logout', { method: 'POST' });
    window.location.assign(answer.location);
  } catch (error) {
    const over = error instanceof SessionOver || hasStatus(error, 401);
    window.location.assign(over ? '/signed-out' : '/signed-out?unconfirmed=true');
  }
}

/** Clears the device, and notifies this browser's other tabs. */
export async function leave(client: QueryClient): Promise<void> {
  await forget(client);
  const { owner } = pageState();
  if (owner !== null) {
    tellTabs({ left: owner.session });
  }
}

/** Removes all responses from memory and from the device. `keepMe` keeps the response that no one is signed in. */
export async function forget(client: QueryClient, { keepMe = false } = {}): Promise<void> {
  keepNoLonger();
  client.cancelQueries().catch(() => undefined);
  client.removeQueries({ predicate: (query) => !keepMe || query.queryKey[0] !== 'me' });
  client.getMutationCache().clear();
  await forgetRecord(pageState().owner?.session);
}
