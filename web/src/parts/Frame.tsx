// A page without navigation: before sign-in, and while the session is unknown.

import type { ReactNode } from 'react';

import './parts.css';

export function Frame({ children, busy = false }: { children?: ReactNode; busy?: boolean }) {
  return (
    <main id="content" className="frame" aria-busy={busy}>
      <p className="frame-brand">BionicPRO</p>
      {children}
    </main>
  );
}
