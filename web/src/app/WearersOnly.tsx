// Reports are for people who wear a prosthesis; for other accounts, explains what would be here and whom to contact.
//
// The CRM decides who wears one. The list of prostheses is fetched alongside the page, not before it.

import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';

import { hasStatus } from '../api/problem';
import { prosthesesQuery } from '../api/prostheses';
import Administrator from '../pages/no-report/Administrator';
import NotAWearer from '../pages/no-report/NotAWearer';
import { isAdministrator } from '../session/me';
import { useMe } from '../shell/MeContext';

export function WearersOnly() {
  const administrator = isAdministrator(useMe());
  const { data, error } = useQuery({ ...prosthesesQuery, enabled: !administrator });
  const wearsNone = hasStatus(error, 403) || data?.prostheses.length === 0;
  if (administrator || wearsNone) {
    return administrator ? <Administrator /> : <NotAWearer />;
  }
  return <Outlet />;
}
