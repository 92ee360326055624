// How a page is brought into each of its states, with real parts: the network is cut, the clock goes on, the service is away.

import type { Page } from 'playwright-core';

import { settled } from './browser.ts';

export const STATES = ['data', 'stale', 'error', 'offline'] as const;
export type State = (typeof STATES)[number];

/** Longer than the service calls late, shorter than a session. */
const LATE = '00:40:00';

/** Opens `path` in that state. */
export async function open(page: Page, path: string, state: State): Promise<void> {
  switch (state) {
    case 'data':
      await page.goto(path);
      break;
    case 'stale':
      await page.clock.install();
      await page.goto(path);
      await settled(page);
      await page.clock.fastForward(LATE);
      await page.clock.resume();
      break;
    case 'error':
      // The session is there and the API is not: an answer that a proxy in front of it gives.
      await page.route('**/api/reports**', (route) => unavailable(route));
      await page.route('**/api/prostheses**', (route) => unavailable(route));
      await page.route('**/api/freshness**', (route) => unavailable(route));
      await page.goto(path);
      break;
    case 'offline':
      await page.goto(path);
      await settled(page);
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
      await page.waitForTimeout(900);
      await page.context().setOffline(true);
      await page.reload();
      break;
  }
  await settled(page);
}

function unavailable(route: { fulfill: (answer: object) => Promise<void> }): Promise<void> {
  return route.fulfill({
    status: 503,
    contentType: 'application/problem+json',
    headers: { 'x-request-id': '01a22275-2af6-7713-abc7-6b5aa456881f' },
    body: JSON.stringify({ type: 'urn:bionicpro:problem:unavailable', title: 'Temporarily unavailable', status: 503 }),
  });
}
