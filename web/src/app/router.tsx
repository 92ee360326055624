// The table of routes. The whole state of a view is in its URL; every page is a separate bundle.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';

import { ErrorScreen } from '../shell/ErrorScreen';
import { Gate } from './Gate';
import { NotFound } from './NotFound';
import { WearersOnly } from './WearersOnly';
import { isDate, optionalDate, optionalId, optionalRun } from './search';
import { compareSearch } from '../pages/compare/address';

const root = createRootRoute({ component: Outlet, errorComponent: ErrorScreen, notFoundComponent: NotFound });

const signedOut = createRoute({
  getParentRoute: () => root,
  path: '/signed-out',
  validateSearch: (search): { unconfirmed?: true } => (search['unconfirmed'] === true ? { unconfirmed: true } : {}),
  component: lazyRouteComponent(() => import('../pages/signed-out/SignedOut')),
});

const gate = createRoute({ getParentRoute: () => root, id: 'gate', component: Gate });
const wearers = createRoute({ getParentRoute: () => gate, id: 'wearers', component: WearersOnly });

const home = createRoute({
  getParentRoute: () => wearers,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/day/Home')),
});

const day = createRoute({
  getParentRoute: () => wearers,
  path: '/day/$date',
  params: { parse: ({ date }) => ({ date: isDate(date) ? date : 'latest' }), stringify: ({ date }) => ({ date }) },
  validateSearch: (search): { prosthesis_id?: string } => optionalId(search, 'prosthesis_id'),
  component: lazyRouteComponent(() => import('../pages/day/Day')),
});

const trends = createRoute({
  getParentRoute: () => wearers,
  path: '/trends',
  validateSearch: (search) => ({ ...optionalDate(search, 'from'), ...optionalDate(search, 'to') }),
  component: lazyRouteComponent(() => import('../pages/trends/Trends')),
});

const compare = createRoute({
  getParentRoute: () => wearers,
  path: '/compare',
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import('../pages/compare/Compare')),
});

const prostheses = createRoute({
  getParentRoute: () => wearers,
  path: '/prostheses',
  component: lazyRouteComponent(() => import('../pages/prostheses/Prostheses')),
});

const help = createRoute({
  getParentRoute: () => gate,
  path: '/help',
  component: lazyRouteComponent(() => import('../pages/help/Help')),
});

const staff = createRoute({
  getParentRoute: () => gate,
  path: '/staff',
  validateSearch: (search) => optionalRun(search, 'run'),
  component: lazyRouteComponent(() => import('../pages/staff/Staff')),
});

const settings = createRoute({
  getParentRoute: () => gate,
  path: '/settings',
  component: lazyRouteComponent(() => import('../pages/settings/Settings')),
});

const elsewhere = createRoute({ getParentRoute: () => gate, path: '$', component: NotFound });

const routeTree = root.addChildren([
  signedOut,
  gate.addChildren([wearers.addChildren([home, day, trends, compare, prostheses]), settings, help, staff, elsewhere]),
]);

export const router = createRouter({ routeTree, scrollRestoration: true, defaultErrorComponent: ErrorScreen });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
