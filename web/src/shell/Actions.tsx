// A page's own buttons. They stand in the bar at the bottom, within reach of the hand that the person chose.

import { createContext, type ReactNode, use } from 'react';
import { createPortal } from 'react-dom';

export const ActionsPlace = createContext<HTMLElement | null>(null);

export function Actions({ children }: { children: ReactNode }) {
  const place = use(ActionsPlace);
  return place === null ? null : createPortal(children, place);
}
