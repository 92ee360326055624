// The main journeys, by pointer, by keyboard alone, and by touch on a small screen.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Page } from 'playwright-core';

import { ask, newSeat, settled, signIn, ZONE } from './support/browser.ts';

/** The maximum number of key presses of the main journey. */
const MOST_PRESSES = 40;
/** The maximum number of tab stops before the day's numbers. */
const MOST_STOPS = 12;

const heading = (page: Page) => page.locator('h1').innerText();

async function dayBefore(page: Page, press: () => Promise<unknown>): Promise<void> {
  const before = await heading(page);
  await press();
  await page.waitForFunction((text) => document.querySelector('h1')?.textContent !== text, before);
  await settled(page);
}

/** Chooses a setting, and waits until the server has stored it: the page shows it before that. */
async function choose(page: Page, label: string): Promise<void> {
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT' && answer.ok());
  await page.getByLabel(label).click();
  await saved;
}

describe('the main journey', () => {
  it('by pointer: sign in, read the day, go a day back, read the table, sign out', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov', '/settings');
    assert.equal(await heading(page), 'Settings', 'signing in leads back to the page that was asked for');
    await page.getByRole('navigation').getByRole('link', { name: 'Day' }).click();
    await settled(page);
    assert.match(page.url(), /\/day\/\d{4}-\d\d-\d\d$/);
    assert.match(await page.locator('.day-sentence').innerText(), /used the prosthesis in \d+\s+hours?/);
    await dayBefore(page, () => page.getByRole('button', { name: 'Previous day' }).click());
    await page.getByRole('button', { name: /Show as table.*Movements by hour/ }).click();
    assert.equal(await page.locator('table caption').first().isVisible(), true);
    const { today } = await ask<{ today: string }>(page, `/api/freshness?tz=${encodeURIComponent(ZONE)}`);
    await page.goto(`/day/${today}`);
    const next = page.getByRole('button', { name: 'Next day' });
    await page.locator('.day-cards, .day-empty').waitFor();
    assert.equal(await next.getAttribute('aria-disabled'), 'true', 'there is no day after today');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out');
    assert.equal(await heading(page), 'You are signed out');
    await context.close();
  });

  it('by keys alone', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    let presses = 0;
    const press = async (key: string) => {
      presses += 1;
      await page.keyboard.press(key);
    };
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
    await page.reload();
    await settled(page);
    // Past the navigation to the chart, whose values are read with the arrow keys.
    await press('Tab');
    assert.match(await focused(), /Skip to content/);
    await press('Enter');
    const chart = page.locator('.chart-plot').first();
    let stops = 0;
    while (!(await chart.evaluate((element) => element === document.activeElement))) {
      assert.ok((stops += 1) <= MOST_STOPS, `no chart within ${MOST_STOPS} stops`);
      await press('Tab');
    }
    await press('End');
    await press('ArrowLeft');
    assert.match(await page.locator('.chart-readout p').first().innerText(), /From \d\d:00/);
    await dayBefore(page, () => press('PageUp'));
    assert.ok(await chart.evaluate((element) => element === document.activeElement), 'turning a page keeps the focus');
    // To the bottom bar, and on to the next day.
    await page.reload();
    await settled(page);
    await press('Tab');
    await press('Tab');
    assert.match(await focused(), /Skip to actions/);
    await press('Enter');
    await press('Tab');
    await dayBefore(page, () => press('Enter'));
    assert.ok(presses <= MOST_PRESSES, `${presses} presses`);
    await context.close();
  });

  it('by touch on a small screen', async () => {
    const context = await newSeat({ width: 320, touch: true, language: 'ru' });
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    await dayBefore(page, () => page.getByRole('button', { name: /Предыдущий день/ }).tap());
    await page.getByRole('button', { name: 'Меню' }).tap();
    await page.getByRole('dialog').getByRole('link', { name: 'Настройки' }).tap();
    await settled(page);
    await page.getByLabel('Левая').tap();
    await page.waitForFunction(() => document.documentElement.dataset['hand'] === 'left');
    const [page_, menu] = await Promise.all([
      page.locator('.actionbar-menu').boundingBox(),
      page.locator('.actionbar-row').boundingBox(),
    ]);
    assert.ok((page_?.x ?? 0) > (menu?.width ?? 0) / 2, 'the menu has changed sides');
    await page.getByLabel('Правая').tap();
    await page.waitForFunction(() => document.documentElement.dataset['hand'] === 'right');
    await context.close();
  });

  it('asks for a day that the device has by its tag, and shows it as it was', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    await dayBefore(page, () => page.getByRole('button', { name: 'Previous day' }).click());
    const shown = await page.locator('.day-cards').innerText();
    // The record is written shortly after the response; a response that is a minute old is requested again.
    await page.waitForTimeout(900);
    await page.clock.install();
    await page.clock.fastForward(61_000);
    const again = page.waitForResponse((answer) => /\/api\/reports\/\d/.test(answer.url()));
    await page.reload();
    const answer = await again;
    assert.equal(answer.status(), 304);
    assert.match((await answer.request().allHeaders())['if-none-match'] ?? '', /^W\/"/);
    assert.match(answer.headers()['data-as-of'] ?? '', /^\d{4}-.*Z$/);
    await settled(page);
    assert.equal(await page.locator('.day-cards').innerText(), shown);
    await context.close();
  });

  it('keeps the choice of language and colours', async () => {
    const context = await newSeat({ language: 'en' });
    const page = await context.newPage();
    await signIn(page, 'john.mueller', '/settings');
    await choose(page, 'Русский');
    await page.getByRole('heading', { name: 'Настройки' }).waitFor();
    await choose(page, 'Тёмные');
    await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark');
    await page.reload();
    await page.getByRole('heading', { name: 'Настройки' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'ru');
    assert.equal(await page.evaluate(() => document.documentElement.dataset['theme']), 'dark');
    await choose(page, 'English');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await choose(page, 'Same as this device');
    await context.close();
  });
});
