// A notice about the whole page: a condition, and its effect on the numbers.

import type { ReactNode } from 'react';

import './parts.css';

export interface BannerProps {
  tone: 'info' | 'warn' | 'bad';
  title: ReactNode;
  children?: ReactNode;
}

/** The mark differs by shape as well as by colour. */
const MARKS = { info: 'M8 7v5M8 4v.5', warn: 'M8 4v5M8 11.5v.5', bad: 'M5 5l6 6M11 5l-6 6' };

export function Banner({ tone, title, children }: BannerProps) {
  return (
    <div className={`banner banner-${tone}`}>
      <svg className="banner-mark" viewBox="0 0 16 16" aria-hidden="true">
        {tone === 'warn' ? <path d="M8 1 15.5 15H.5Z" /> : <circle cx="8" cy="8" r="7.5" />}
        <path className="banner-sign" d={MARKS[tone]} transform={tone === 'warn' ? 'translate(0 1.5)' : undefined} />
      </svg>
      <div>
        <strong>{title}</strong>
        {children !== undefined && <div className="banner-text">{children}</div>}
      </div>
    </div>
  );
}
