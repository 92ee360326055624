// The single polite live region, which announces changes on the screen to screen reader users.

import { createContext, type ReactNode, use, useCallback, useRef } from 'react';

type Announce = (text: string) => void;

const Context = createContext<Announce>(() => undefined);

/** Announces something once, after the current announcement. */
export function useAnnounce(): Announce {
  return use(Context);
}

export function Announcer({ children }: { children: ReactNode }) {
  const region = useRef<HTMLParagraphElement>(null);
  const announce = useCallback<Announce>((text) => {
    if (region.current !== null) {
      // The same text again must be announced again: a trailing no-break space makes it a different text.
      region.current.textContent = region.current.textContent === text ? `${text}\u00a0` : text;
    }
  }, []);
  return (
    <Context value={announce}>
      {children}
      <p ref={region} className="visually-hidden" aria-live="polite" />
    </Context>
  );
}
