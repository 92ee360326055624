// The navigation links and sign-out: the same list in the header of a wide screen and in the menu of a narrow one.

import { Trans } from '@lingui/react/macro';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';

import { isAdministrator } from '../session/me';
import { signOut } from '../session/signOut';
import { useMe } from './MeContext';

export function NavLinks() {
  const client = useQueryClient();
  const me = useMe();
  const { pathname } = useLocation();
  return (
    <ul className="nav-links">
      {isAdministrator(me) ? (
        <li>
          <Link to="/staff">
            <Trans>Pipeline</Trans>
          </Link>
        </li>
      ) : (
        <>
          <li>
            <Link to="/" aria-current={pathname.startsWith('/day/') ? 'page' : undefined}>
              <Trans>Day</Trans>
            </Link>
          </li>
          <li>
            <Link to="/trends">
              <Trans>Trends</Trans>
            </Link>
          </li>
          <li>
            <Link to="/compare">
              <Trans>Compare</Trans>
            </Link>
          </li>
          <li>
            <Link to="/prostheses">
              <Trans>My prostheses</Trans>
            </Link>
          </li>
        </>
      )}
      <li>
        <Link to="/settings">
          <Trans>Settings</Trans>
        </Link>
      </li>
      <li>
        <Link to="/help">
          <Trans>Help</Trans>
        </Link>
      </li>
      <li className="nav-out">
        <button type="button" onClick={() => void signOut(client)}>
          <Trans>Sign out</Trans>
        </button>
      </li>
    </ul>
  );
}
