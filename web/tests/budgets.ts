// Waiting times in a real browser on a slow network; and that the page requests only its own origin.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { BrowserContext } from 'playwright-core';

import { appUrl } from './support/demo.ts';
import { newSeat, settled, signIn } from './support/browser.ts';

const LARGEST_PAINT_MS = 2500;
const LAYOUT_SHIFT = 0.1;
const INTERACTION_MS = 200;
const MOST_VISITS = 4;
/** The browser does not report shorter interactions. */
const SHORTEST_MS = 16;
const DAY_BYTES = 12_000;
/** A slow mobile network: 1.6 Mbit/s down, 750 kbit/s up, 150 ms round trip. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };

interface Measured {
  paint: number;
  shift: number;
}

/** Measures the path with an empty browser profile. */
async function firstVisit(path: string, cookies: Awaited<ReturnType<BrowserContext['cookies']>>): Promise<Measured> {
  const fresh = await newSeat({ width: 390, height: 800 });
  await fresh.addCookies(cookies);
  const page = await fresh.newPage();
  const session = await fresh.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW);
  await page.goto(path);
  await settled(page);
  await page.waitForTimeout(500);
  const measured = await page.evaluate(
    () =>
      new Promise<Measured>((resolve) => {
        const result: Measured = { paint: 0, shift: 0 };
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) result.paint = Math.max(result.paint, entry.startTime);
        }).observe({ type: 'largest-contentful-paint', buffered: true });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) result.shift += (entry as unknown as { value: number }).value;
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => resolve(result), 500);
      }),
  );
  await fresh.close();
  console.log(`largest paint ${Math.round(measured.paint)} ms, layout shift ${measured.shift.toFixed(3)}`);
  return measured;
}

describe('the Day page', () => {
  it('is quick under a slow network and does not jump', async () => {
    const context = await newSeat({ width: 390, height: 800 });
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    const path = new URL(page.url()).pathname;
    let paint = Infinity;
    // The machine runs the whole demo alongside the browser, and its pauses only add time: the fastest visit counts.
    for (let visit = 0; visit < MOST_VISITS && paint > LARGEST_PAINT_MS; visit += 1) {
      const measured = await firstVisit(path, await context.cookies());
      assert.ok(measured.paint > 0, 'nothing was painted');
      assert.ok(measured.shift <= LAYOUT_SHIFT, `layout shift ${measured.shift}`);
      paint = Math.min(paint, measured.paint);
    }
    assert.ok(paint <= LARGEST_PAINT_MS, `largest paint ${paint} ms`);
    await context.close();
  });

  it('answers a press at once, asks nobody else, and reads little', async () => {
    const context = await newSeat({ width: 390, height: 800 });
    const page = await context.newPage();
    const strangers: string[] = [];
    await signIn(page, 'ivan.petrov');
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(appUrl()).origin) strangers.push(request.url());
    });
    let dayBytes = 0;
    page.on('response', async (response) => {
      // The response bodies of a page that was left are gone.
      const body = /\/api\/reports\/\d/.test(response.url()) && (await response.body().catch(() => undefined));
      if (body) dayBytes = Math.max(dayBytes, body.length);
    });
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.reload();
    await settled(page);
    // Observes from before the first press: later the browser reports only the slowest.
    await page.evaluate((durationThreshold) => {
      const longest = new Map<number, number>();
      (window as Window & { presses?: typeof longest }).presses = longest;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { interactionId: number })[]) {
          if (entry.interactionId > 0) {
            longest.set(entry.interactionId, Math.max(longest.get(entry.interactionId) ?? 0, entry.duration));
          }
        }
      }).observe({ type: 'event', durationThreshold } as PerformanceObserverInit);
    }, SHORTEST_MS);
    const presses = ['Previous day', 'Next day', 'Previous day', 'Next day', 'Previous day'];
    for (const name of presses) {
      await page.getByRole('button', { name }).click();
      await settled(page);
    }
    const waits = await page.evaluate(() => [
      ...((window as Window & { presses?: Map<number, number> }).presses ?? new Map<number, number>()).values(),
    ]);
    // The median, since the machine also runs the whole demo, which causes pauses.
    const all = [...waits, ...presses.slice(waits.length).map(() => SHORTEST_MS)];
    const usual = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Infinity;
    console.log(`interactions ${all.join(', ')} ms, a day ${dayBytes} bytes`);
    assert.ok(usual <= INTERACTION_MS, `${usual} ms`);
    assert.ok(dayBytes > 0 && dayBytes <= DAY_BYTES, `${dayBytes} bytes`);
    assert.deepEqual(strangers, []);
    assert.deepEqual(complaints, [], 'the policy and the console are quiet');
    await context.close();
  });
});
