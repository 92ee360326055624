// A page's own buttons, rendered in the bottom bar, within reach of the chosen hand.

import { createContext, type ReactNode, use } from 'react';
import { createPortal } from 'react-dom';

export const ActionsPlace = createContext<HTMLElement | null>(null);

export function Actions({ children }: { children: ReactNode }) {
  const place = use(ActionsPlace);
  return place === null ? null : createPortal(children, place);
}
