// Whether the session ended while the app was open: told by any call, or by another tab of the same browser.

import { useSyncExternalStore } from 'react';

let ended = false;
const listeners = new Set<() => void>();

export function markEnded(): void {
  ended = true;
  for (const listener of listeners) {
    listener();
  }
}

export function useEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}
