// The one polite live region: says what changed on the screen to somebody who does not see it.

import { createContext, type ReactNode, use, useCallback, useRef } from 'react';

type Announce = (text: string) => void;

const Context = createContext<Announce>(() => undefined);

/** Says something once, after what is being said. */
export function useAnnounce(): Announce {
  return use(Context);
}

export function Announcer({ children }: { children: ReactNode }) {
  const region = useRef<HTMLParagraphElement>(null);
  const announce = useCallback<Announce>((text) => {
    if (region.current !== null) {
      // The same text twice is news twice: a no-break space at the end makes it another text.
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
