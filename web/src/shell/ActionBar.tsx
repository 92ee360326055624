// The bottom bar: the page's buttons, and on a narrow screen the menu. Mirrored by the hand setting.

import { Trans, useLingui } from '@lingui/react/macro';
import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { NavLinks } from './NavLinks';

export function ActionBar({ place }: { place: (element: HTMLElement | null) => void }) {
  const { t } = useLingui();
  const menu = useRef<HTMLDialogElement>(null);
  const { href } = useLocation();
  const close = () => menu.current?.close();
  useEffect(close, [href]);
  return (
    <div className="actionbar screen-only" role="region" aria-label={t`Actions`} id="actions" tabIndex={-1}>
      <div className="actionbar-row">
        <div className="actionbar-page" ref={place} />
        <button
          type="button"
          className="actionbar-menu"
          aria-haspopup="dialog"
          onClick={() => menu.current?.showModal()}
        >
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d="M2 5h16M2 10h16M2 15h16" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
          </svg>
          <span className="label-wide">
            <Trans>Menu</Trans>
          </span>
        </button>
      </div>
      <dialog ref={menu} className="menu" aria-label={t`Menu`}>
        <nav aria-label={t`Pages`}>
          <NavLinks />
        </nav>
        <button type="button" className="menu-close" onClick={close}>
          <Trans>Close</Trans>
        </button>
      </dialog>
    </div>
  );
}
