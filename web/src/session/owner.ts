// Whose page this is: one person's in one session, from the first answer that says so until the page is left. No other session takes it
// over, not even one of the same person: the page ends.

import { useSyncExternalStore } from 'react';

export interface Owner {
  user: string;
  session: string;
}

interface PageState {
  owner: Owner | null;
  /** Nothing is shown, asked or kept any more: told by any call, or by another tab of the same browser. */
  ended: boolean;
  /** As far as is known, somebody is signed in in this browser whose page this is not. */
  replaced: boolean;
}

let state: PageState = { owner: null, ended: false, replaced: false };
const listeners = new Set<() => void>();

function change(part: Partial<PageState>): void {
  state = { ...state, ...part };
  for (const listener of listeners) {
    listener();
  }
}

export function pageState(): PageState {
  return state;
}

export function usePageState(): PageState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, pageState);
}

/** Makes the page this session's where it is nobody's yet; whether it is this session's. */
export function claim({ user, session }: Owner): boolean {
  if (!state.ended && state.owner === null) {
    change({ owner: { user, session }, replaced: false });
  }
  if (state.owner?.session !== session) {
    othersCame(session);
  }
  return !state.ended && state.owner?.session === session;
}

/** The session of this page is over. A page that was nobody's has nothing to end. */
export function markEnded(): void {
  if (state.owner !== null) {
    change({ ended: true });
  }
}

/** Somebody has signed in with this session in this browser. */
export function othersCame(session: string): void {
  if (state.owner?.session !== session) {
    change({ replaced: true, ended: state.owner !== null });
  }
}

/** Whoever had this session in this browser has left. */
export function othersLeft(session: string): void {
  if (state.owner?.session === session) {
    change({ ended: true });
  } else {
    change({ replaced: false });
  }
}
