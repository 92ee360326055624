// The head of a page: its name as the heading and as the document's title; takes the focus when the page opens.

import { useLingui } from '@lingui/react/macro';
import { type ReactNode, useEffect, useRef } from 'react';

import './parts.css';

/** False on the first page of a visit, which leaves the focus where the browser puts it. */
let visited = false;

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useLingui();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (visited) {
      heading.current?.focus({ preventScroll: true });
    }
    visited = true;
  }, []);
  return (
    <header className="page-head">
      <title>{`${title} · ${t`BionicPRO Reports`}`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </header>
  );
}
