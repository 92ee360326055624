// Pages that stay open while their session ends elsewhere and another person signs in in another tab: they show nothing
// of the successor's data, and change none of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { BrowserContext, Page } from 'playwright-core';

import { ask, newSeat, settled, signIn } from './support/browser.ts';
import { kept } from './support/device.ts';

/** The first person's name, login name and e-mail address, as a page or the device may contain them. */
const FIRST = /ivan|petrov/i;
const SECOND = /john|mueller/i;

/** Responses come in bursts; the record is written after each. */
const RECORD_MS = 900;

const ended = (page: Page) => page.getByRole('heading', { name: 'You have been signed out' });

/** A tab that receives no messages from the others: only its own requests and their responses protect it. */
async function deafTab(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript(() => {
    class Deaf extends EventTarget {
      postMessage(): void {}
      close(): void {}
    }
    Object.assign(window, { BroadcastChannel: Deaf });
  });
  await page.goto(path);
  await settled(page);
  return page;
}

/** Opens three tabs of a browser for Ivan, two of which receive no messages from the others. */
async function ivanReads(context: BrowserContext) {
  const hears = await context.newPage();
  await signIn(hears, 'ivan.petrov');
  await settled(hears);
  const writes = await deafTab(context, '/settings');
  const reads = await deafTab(context, new URL(hears.url()).pathname);
  await hears.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await hears.waitForTimeout(RECORD_MS);
  assert.match(await kept(hears), FIRST, 'the device keeps what he has read');
  return { hears, writes, reads };
}

async function johnComes(context: BrowserContext): Promise<Page> {
  // With the issuer's session intact, the sign-in page would be skipped.
  await context.clearCookies({ name: /issuer/ });
  const page = await context.newPage();
  await signIn(page, 'john.mueller');
  await settled(page);
  await page.waitForTimeout(RECORD_MS);
  assert.match(await page.locator('.header-person').innerText(), SECOND);
  return page;
}

/** Checks that the page shows no name and no number. */
async function assertEnded(page: Page): Promise<void> {
  await ended(page).waitFor();
  const text = await page.locator('body').innerText();
  assert.doesNotMatch(text, FIRST);
  assert.doesNotMatch(text, SECOND);
  assert.equal(await page.locator('.day-sentence, .settings, .header').count(), 0);
}

/** The ways in which Ivan's session can end without a message to his open pages. */
const ENDS: Record<string, (context: BrowserContext) => Promise<void>> = {
  'a sign-out in another tab': async (context) => {
    const page = await context.newPage();
    await page.goto('/help');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.waitForURL('**/signed-out');
    await page.close();
  },
  "the issuer's own sign-out page": async (context) => {
    const begun = await context.request.get('/auth/login', { maxRedirects: 0 });
    const address = new URL(begun.headers()['location'] ?? '');
    address.pathname = address.pathname.replace(/auth$/, 'logout');
    address.search = '';
    const page = await context.newPage();
    await page.goto(address.href);
    await page.locator('form button[type=submit]').first().click();
    await page.waitForLoadState();
    await page.close();
    assert.equal((await context.request.get('/auth/me')).status(), 401);
  },
  'the list of sessions in another browser': async (context) => {
    const elsewhere = await newSeat();
    const page = await elsewhere.newPage();
    await signIn(page, 'ivan.petrov', '/settings');
    const others = page.locator('.session').filter({ hasNotText: 'this browser' });
    await others.first().waitFor();
    for (let left = await others.count(); left > 0; left -= 1) {
      await others.first().getByRole('button').click();
      await others.nth(left - 1).waitFor({ state: 'detached' });
    }
    await elsewhere.close();
    assert.equal((await context.request.get('/auth/me')).status(), 401);
  },
  'the loss of the cookie': async (context) => {
    await context.clearCookies({ name: /-sid$/ });
  },
};

describe('a page of somebody whose session has ended while another person signs in beside it', () => {
  for (const [way, end] of Object.entries(ENDS)) {
    it(`by ${way}: writes nothing for them, shows nothing of them, keeps nothing`, async () => {
      const context = await newSeat();
      const { hears, writes, reads } = await ivanReads(context);
      await end(context);
      const john = await johnComes(context);
      const before = await ask(john, '/api/preferences');
      const sentence = await john.locator('.day-sentence').innerText();

      await assertEnded(hears);
      assert.match(await writes.locator('.header-person').innerText(), FIRST, 'nobody has told this page');
      const put = writes.waitForResponse((answer) => answer.request().method() === 'PUT');
      await writes.getByLabel('Dark').click();
      assert.equal((await put).status(), 401);
      await assertEnded(writes);
      assert.deepEqual(await ask(john, '/api/preferences'), before, 'his choices are as they were');
      await reads.getByRole('button', { name: 'Previous day' }).click();
      await assertEnded(reads);

      await john.waitForTimeout(RECORD_MS);
      const left = await kept(john);
      assert.doesNotMatch(left, FIRST);
      assert.match(left, SECOND, "the end of another's page leaves him his record");
      await context.setOffline(true);
      for (const page of [hears, john]) {
        await page.goto(new URL(john.url()).pathname);
        await page.locator('.day-sentence').waitFor();
        assert.equal(await page.locator('.day-sentence').innerText(), sentence);
        assert.match(await page.locator('.header-person').innerText(), SECOND);
      }
      await context.setOffline(false);
      await john.reload();
      await settled(john);
      assert.match(await john.locator('.header-person').innerText(), SECOND, 'he is signed in all the time');
      await context.close();
    });
  }

  it('does not sign them out, nor end their sessions', async () => {
    const context = await newSeat();
    const { writes, reads } = await ivanReads(context);
    await ENDS["the issuer's own sign-out page"]?.(context);
    const john = await johnComes(context);
    await writes.getByRole('button', { name: 'Sign out everywhere' }).click();
    await assertEnded(writes);
    await reads.getByRole('button', { name: 'Sign out' }).first().click();
    await reads.waitForURL('**/signed-out');
    assert.equal((await ask<{ user: string }>(john, '/auth/me')).user, 'john.mueller');
    await john.reload();
    await settled(john);
    assert.match(await john.locator('.header-person').innerText(), SECOND);
    await context.close();
  });

  it('notices it when it is looked at again, and when the network is back', async () => {
    const context = await newSeat();
    const { writes, reads } = await ivanReads(context);
    await ENDS["the issuer's own sign-out page"]?.(context);
    await johnComes(context);
    await writes.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await assertEnded(writes);
    assert.equal(await reads.locator('.day-sentence').count(), 1);
    await context.setOffline(true);
    await context.setOffline(false);
    await assertEnded(reads);
    await context.close();
  });

  it('leads to whoever is signed in, without a second sign-in that would end the first', async () => {
    const context = await newSeat();
    const first = await context.newPage();
    await signIn(first, 'ivan.petrov');
    await context.clearCookies({ name: /-sid$/ });
    // The issuer's session is still valid, so it asks nothing.
    const second = await context.newPage();
    await second.goto('/settings');
    await second.getByRole('link', { name: 'Sign in' }).click();
    await settled(second);
    assert.match(await second.locator('.header-person').innerText(), FIRST);
    await ended(first).waitFor();
    await first.getByRole('link', { name: 'Sign in' }).click();
    await settled(first);
    assert.match(await first.locator('.header-person').innerText(), FIRST);
    await second.reload();
    await settled(second);
    assert.match(await second.locator('.header-person').innerText(), FIRST);
    await context.close();
  });
});
