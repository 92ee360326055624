// Every page in every state: accessible, reachable, large enough. With SCREENSHOTS=FOLDER in all eight combinations of
// language, theme and width, with a screenshot of each; otherwise in enough combinations to cover all pairs.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';

import type { BrowserContext, Page } from 'playwright-core';

import { newSeat, type Seat, settled, signIn } from './support/browser.ts';
import { assertAccessible, assertFocusSeen, assertNoSideways, assertTargets } from './support/checks.ts';
import { open, type State, STATES } from './support/states.ts';

interface Shown {
  name: string;
  path: string;
  states: readonly State[];
}

/** A day long before anyone's first data. */
const EMPTY_DAY = '2020-02-29';

const WEARERS: readonly Shown[] = [
  { name: 'day', path: '/', states: STATES },
  { name: 'day-empty', path: `/day/${EMPTY_DAY}`, states: ['data'] },
  { name: 'trends', path: '/trends', states: STATES },
  { name: 'compare', path: '/compare', states: STATES },
  { name: 'prostheses', path: '/prostheses', states: STATES },
  { name: 'settings', path: '/settings', states: ['data', 'offline'] },
  { name: 'help', path: '/help', states: ['data'] },
  { name: 'no-such-page', path: '/no-such-page', states: ['data'] },
];
const OTHERS: readonly { user: string; shown: Shown }[] = [
  { user: 'maria.sidorova', shown: { name: 'not-a-wearer', path: '/', states: ['data'] } },
  { user: 'alexey.kozlov', shown: { name: 'administrator', path: '/', states: ['data'] } },
  { user: 'alexey.kozlov', shown: { name: 'staff', path: '/staff', states: ['data'] } },
];
const NOBODY: readonly Shown[] = [
  { name: 'sign-in', path: '/', states: ['data'] },
  { name: 'signed-out', path: '/signed-out', states: ['data'] },
];

type SeatOf = Required<Pick<Seat, 'language' | 'theme' | 'width'>>;

const folder = process.env['SCREENSHOTS'];
const SEATS: readonly SeatOf[] = (['en', 'ru'] as const).flatMap((language) =>
  (['light', 'dark'] as const).flatMap((theme) => [320, 1280].map((width) => ({ language, theme, width }))),
);
/** Half of the combinations: each language with each theme and each width, and each theme with each width. */
const PAIRS: readonly SeatOf[] = [
  { language: 'en', theme: 'light', width: 320 },
  { language: 'en', theme: 'dark', width: 1280 },
  { language: 'ru', theme: 'dark', width: 320 },
  { language: 'ru', theme: 'light', width: 1280 },
];

/**
 * Returns the states checked from a seat: data always, another state in both themes and both widths of the language
 * whose turn it is, or in all.
 */
function statesFrom(seat: SeatOf, page: number, states: readonly State[]): readonly State[] {
  if (folder !== undefined) return states;
  return states.filter((state, index) => state === 'data' || (page + index) % 2 === (seat.language === 'ru' ? 1 : 0));
}

const signedIn = new Map<string, ReturnType<BrowserContext['cookies']>>();

/** Signs in once per user: sessions are not tested here. */
async function seatOf(user: string, seat: SeatOf): Promise<BrowserContext> {
  const cookies = signedIn.get(user) ?? cookiesOf(user);
  signedIn.set(user, cookies);
  const context = await newSeat(seat);
  await context.addCookies(await cookies);
  return context;
}

async function cookiesOf(user: string): Promise<Awaited<ReturnType<BrowserContext['cookies']>>> {
  const context = await newSeat();
  await signIn(await context.newPage(), user);
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

async function examine(context: BrowserContext, { name, path, states }: Shown, suffix: string): Promise<void> {
  for (const state of states) {
    const page = await context.newPage();
    try {
      const where = `${name}-${state}-${suffix}`;
      await open(page, path, state);
      await picture(page, where);
      await assertAccessible(page, where);
      await assertNoSideways(page, where);
      await assertTargets(page, where);
      if (state === 'data') {
        await assertFocusSeen(page, where);
      }
    } finally {
      await context.setOffline(false);
      await page.close();
    }
  }
}

async function picture(page: Page, name: string): Promise<void> {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const size = page.viewportSize() ?? { width: 1280, height: 900 };
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: size.width, height: Math.max(height, size.height) });
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.setViewportSize(size);
}

// Two at a time: while one waits for its page, the other is checked.
describe('every page', { concurrency: 2 }, () => {
  for (const seat of folder === undefined ? PAIRS : SEATS) {
    const suffix = `${seat.language}-${seat.theme}-${seat.width}`;
    it(`is right for a wearer, ${suffix}`, async () => {
      const context = await seatOf('ivan.petrov', seat);
      for (const [index, shown] of WEARERS.entries()) {
        await examine(context, { ...shown, states: statesFrom(seat, index, shown.states) }, suffix);
      }
      await context.close();
    });
    it(`is right for others, ${suffix}`, async () => {
      for (const { user, shown } of OTHERS) {
        const context = await seatOf(user, seat);
        await examine(context, shown, suffix);
        await context.close();
      }
      const context = await newSeat(seat);
      for (const shown of NOBODY) await examine(context, shown, suffix);
      await context.close();
    });
  }

  it('prints a day on one sheet', async () => {
    const context = await seatOf('ivan.petrov', { language: 'ru', theme: 'dark', width: 1280 });
    const page = await context.newPage();
    await page.goto('/');
    await settled(page);
    await page.getByRole('button', { name: /Предыдущий день/ }).click();
    await settled(page);
    const margin = '10mm';
    const sheet = await page.pdf({
      format: 'A4',
      margin: { top: margin, right: margin, bottom: margin, left: margin },
    });
    const pages = sheet.toString('latin1').match(/\/Type\s*\/Page[^s]/g) ?? [];
    assert.equal(pages.length, 1);
    await context.close();
  });

  it('reads at 200 % text and in forced colours', async () => {
    const context = await seatOf('ivan.petrov', { language: 'ru', theme: 'light', width: 320 });
    const page = await context.newPage();
    await page.emulateMedia({ forcedColors: 'active' });
    for (const { name, path } of WEARERS) {
      await page.goto(path);
      await settled(page);
      await page.evaluate(async () => {
        document.documentElement.style.setProperty('font-size', '200%');
        // Charts are redrawn for the new size within two frames.
        for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      });
      await picture(page, `${name}-200-percent-forced-colours`);
      await assertNoSideways(page, `${name}, 200 %`);
      await assertTargets(page, `${name}, 200 %`);
    }
    await context.close();
  });
});
