// The frame of every page when signed in.

import { Trans, useLingui } from '@lingui/react/macro';
import { Outlet } from '@tanstack/react-router';
import { useState } from 'react';

import { isAdministrator } from '../session/me';
import { SessionWatch } from '../session/SessionWatch';
import { ActionBar } from './ActionBar';
import { ActionsPlace } from './Actions';
import { Announcer } from './Announcer';
import { Freshness } from './Freshness';
import { useHere } from './MeContext';
import { NavLinks } from './NavLinks';
import './shell.css';

export function Shell() {
  const { t } = useLingui();
  const { me, offline } = useHere();
  const [place, setPlace] = useState<HTMLElement | null>(null);
  return (
    <Announcer>
      <ActionsPlace value={place}>
        <a className="skip" href="#content">
          <Trans>Skip to content</Trans>
        </a>
        <a className="skip" href="#actions">
          <Trans>Skip to actions</Trans>
        </a>
        <header className="header">
          <p className="brand">BionicPRO</p>
          <nav className="header-nav" aria-label={t`Pages`}>
            <NavLinks />
          </nav>
          <p className="header-person muted">{me.name ?? me.user}</p>
        </header>
        <main id="content" className="content" tabIndex={-1}>
          {!isAdministrator(me) && <Freshness offline={offline} />}
          <Outlet />
        </main>
        <ActionBar place={setPlace} />
        {!offline && <SessionWatch />}
      </ActionsPlace>
    </Announcer>
  );
}
