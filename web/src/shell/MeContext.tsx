// The person whose session this is, for whatever stands inside the shell.

import { createContext, use } from 'react';

import type { Me } from '../session/me';

export interface Here {
  me: Me;
  /** Whether only the device's record says so, because no server answers. */
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
