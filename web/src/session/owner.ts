// The page's owner: one account in one session, from the first response that names it until the page is left. No other
// session takes the page over, not even one of the same account: the page ends instead.

import { useSyncExternalStore } from 'react';

export interface Owner {
  user: string;
  session: string;
}

interface PageState {
  owner: Owner | null;
  /** Set by any call, or by another tab of the browser: nothing is shown, requested or stored any more. */
  ended: boolean;
  /** Set if, as far as known, this browser is signed in with another session than this page's. */
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

/** Claims the page for this session if it has no owner yet; returns true if this session owns it. */
export function claim({ user, session }: Owner): boolean {
  if (!state.ended && state.owner === null) {
    change({ owner: { user, session }, replaced: false });
  }
  if (state.owner?.session !== session) {
    othersCame(session);
  }
  return !state.ended && state.owner?.session === session;
}

/** Ends the page, whose session is over. A page without an owner has nothing to end. */
export function markEnded(): void {
  if (state.owner !== null) {
    change({ ended: true });
  }
}

/** Notes that this session has begun in this browser. */
export function othersCame(session: string): void {
  if (state.owner?.session !== session) {
    change({ replaced: true, ended: state.owner !== null });
  }
}

/** Notes that this session was signed out in this browser. */
export function othersLeft(session: string): void {
  if (state.owner?.session === session) {
    change({ ended: true });
  } else {
    change({ replaced: false });
  }
}
