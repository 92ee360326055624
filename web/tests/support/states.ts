// Brings a page into each of its states, with real parts: the network is cut, the clock advances, the service is down.

import type { Page } from 'playwright-core';

import { settled } from './browser.ts';

export const STATES = ['data', 'stale', 'error', 'offline'] as const;
export type State = (typeof STATES)[number];

/** Older than the service's limit for late data. */
const LATE_S = 40 * 60;

/** Opens `path` in the given state. */
export async function open(page: Page, path: string, state: State): Promise<void> {
  switch (state) {
    case 'data':
      await page.goto(path);
      break;
    case 'stale':
      // The real response, as it would be that much later without a load.
      await page.route('**/api/freshness**', async (route) => {
        const answer = await route.fetch();
        const freshness = (await answer.json()) as { age_s: number };
        await route.fulfill({
          response: answer,
          json: { ...freshness, state: 'stale', age_s: freshness.age_s + LATE_S },
        });
      });
      await forgetDevice(page);
      await page.goto(path);
      break;
    case 'error':
      // The session works but the API does not: a response as from a proxy in front of it.
      await page.route('**/api/reports**', (route) => unavailable(route));
      await page.route('**/api/prostheses**', (route) => unavailable(route));
      await page.route('**/api/freshness**', (route) => unavailable(route));
      await forgetDevice(page);
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

/** Removes what the device stores: an error is only visible if nothing was read before. */
export async function forgetDevice(page: Page): Promise<void> {
  await page.goto('/icon.svg');
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const removing = indexedDB.deleteDatabase('bionicpro');
        for (const end of ['success', 'error', 'blocked']) removing.addEventListener(end, () => resolve());
      }),
  );
}

function unavailable(route: { fulfill: (answer: object) => Promise<void> }): Promise<void> {
  return route.fulfill({
    status: 503,
    contentType: 'application/problem+json',
    headers: { 'x-request-id': '01a22275-2af6-7713-abc7-6b5aa456881f' },
    body: JSON.stringify({ type: 'urn:bionicpro:problem:unavailable', title: 'Temporarily unavailable', status: 503 }),
  });
}
