// The data on a device: only those of the signed-in person, and none after sign-out.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { BrowserContext, Page } from 'playwright-core';

import { newSeat, settled, signIn } from './support/browser.ts';
import { kept } from './support/device.ts';

async function read(context: BrowserContext, user: string): Promise<Page> {
  const page = await context.newPage();
  await signIn(page, user);
  await settled(page);
  await page.waitForTimeout(900);
  return page;
}

describe('two people on one device', () => {
  it('one after the other see their own numbers only', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    const first = await page.locator('.day-sentence').innerText();
    assert.match(await kept(page), /ivan\.petrov/, 'the day can be read without a network');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out');
    assert.doesNotMatch(await kept(page), /ivan|movements_count|api\/reports/);

    const second = await read(context, 'john.mueller');
    assert.match(await second.locator('.header-person').innerText(), /mueller/i);
    assert.notEqual(await second.locator('.day-sentence').innerText(), first);
    assert.doesNotMatch(await kept(second), /ivan/);
    await context.close();
  });

  it('the back button after signing out shows nothing', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out');
    await page.goBack({ waitUntil: 'load' }).catch(() => undefined);
    await page.waitForTimeout(1000);
    assert.equal(await page.locator('.day-sentence').count(), 0);
    await context.close();
  });

  it('signing out without a network clears the device all the same', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out*');
    await page.getByText('The service did not respond').waitFor();
    assert.doesNotMatch(await kept(page), /ivan|movements_count/);
    await page.goto('/').catch(() => undefined);
    assert.equal(await page.locator('.day-sentence').count(), 0);
    await context.close();
  });

  it('signing out in one tab empties the other', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    const other = await context.newPage();
    await other.goto('/');
    await settled(other);
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out');
    await other.getByRole('heading', { name: 'You have been signed out' }).waitFor();
    assert.equal(await other.locator('.day-sentence').count(), 0);
    await context.close();
  });
});

describe('a session that ends in the middle of reading', () => {
  it('removes what was read, and signing in leads back to it', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    await page.getByRole('button', { name: 'Previous day' }).click();
    await settled(page);
    const path = new URL(page.url()).pathname;
    await context.clearCookies();
    await page.getByRole('button', { name: 'Previous day' }).click();
    await page.getByRole('heading', { name: 'You have been signed out' }).waitFor();
    await page.waitForTimeout(300);
    assert.doesNotMatch(await kept(page), /ivan|movements_count/);
    const link = await page.getByRole('link', { name: 'Sign in' }).getAttribute('href');
    assert.match(decodeURIComponent(link ?? ''), /return_to=\/day\/\d{4}-\d\d-\d\d$/);
    assert.notEqual(path, '/');
    await context.close();
  });

  it('warns first, and is extended with one key', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await page.clock.install();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    // The device's clock is moved relative to the server's; the response about the session is shifted along with it.
    const moved = 14 * 60_000;
    await page.route('**/auth/me', async (route) => {
      const answer = await route.fetch();
      const me = (await answer.json()) as { idle_expires_at: string };
      const sent = new Date(Date.parse(answer.headers()['date'] ?? '') + moved).toUTCString();
      await route.fulfill({ response: answer, headers: { ...answer.headers(), date: sent }, json: me });
    });
    await page.clock.fastForward(moved);
    await page.getByRole('dialog', { name: 'You will be signed out soon' }).waitFor();
    await page.unroute('**/auth/me');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'You will be signed out soon' }).waitFor({ state: 'detached' });
    await context.close();
  });
});

describe('without a network', () => {
  it('what was read before is there, and says so', async () => {
    const context = await newSeat();
    const page = await read(context, 'ivan.petrov');
    const sentence = await page.locator('.day-sentence').innerText();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await context.setOffline(true);
    await page.reload();
    await page.locator('.day-sentence').waitFor();
    assert.equal(await page.locator('.day-sentence').innerText(), sentence);
    await page.getByText('No network').waitFor();
    await context.close();
  });
});
