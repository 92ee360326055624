// Signing out: what this device remembers goes first, whatever the server answers.

import type { QueryClient } from '@tanstack/react-query';

import { call } from '../api/call';
import { keepNoLonger } from '../offline/keep';
import { forgetEverything } from '../offline/record';

/** Tells this browser's other tabs that the person has left. */
const CHANNEL = 'bionicpro-session';

/** Clears the device, ends the session, and goes where the issuer ends its own. */
export async function signOut(client: QueryClient): Promise<void> {
  await forget(client);
  announceLeaving();
  try {
    const answer = await call<{ location: string }>('/auth/logout', { method: 'POST' });
    window.location.assign(answer.location);
  } catch {
    window.location.assign('/signed-out?unconfirmed=true');
  }
}

/** Removes what was read, from memory and from the device. `keepMe` leaves the answer that nobody is signed in. */
export async function forget(client: QueryClient, { keepMe = false } = {}): Promise<void> {
  keepNoLonger();
  client.cancelQueries().catch(() => undefined);
  client.removeQueries({ predicate: (query) => !keepMe || query.queryKey[0] !== 'me' });
  await forgetEverything();
}

/** Calls `leave` when another tab of this browser signs out. */
export function onLeaving(leave: () => void): void {
  new BroadcastChannel(CHANNEL).addEventListener('message', leave);
}

function announceLeaving(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('left');
  channel.close();
}
