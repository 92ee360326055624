// The account of this session, for all components inside the shell.

import { createContext, use } from 'react';

import type { Me } from '../session/me';

export interface Here {
  me: Me;
  /** Set if known only from the offline record, because the server does not respond. */
  offline: boolean;
}

export const HereContext = createContext<Here | null>(null);

export function useHere(): Here {
  const here = use(HereContext);
  if (here === null) {
    throw new Error('nobody is signed in here');
  }
  return here;
}

export function useMe(): Me {
  return useHere().me;
}
