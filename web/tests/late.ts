// Data that arrive after a day was viewed: the exact number of movements is reported once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Page } from 'playwright-core';

import { ask, newSeat, settled, signIn, ZONE } from './support/browser.ts';
import { noSources, simulate, tick } from './support/demo.ts';

/** A day in the middle of the simulated month: complete, and not viewed by the other tests. */
const DAYS_AGO = 12;

const total = async (page: Page, date: string) => {
  const tz = encodeURIComponent(ZONE);
  const report = await ask<{ summary: { total_movements: number } }>(page, `/api/reports/${date}?tz=${tz}`);
  return report.summary.total_movements;
};

describe('data that arrive late', { skip: noSources }, () => {
  it('are counted against what was seen, once', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'john.mueller');
    await settled(page);
    const listed = await ask<{ reports: { date: string }[] }>(page, `/api/reports?limit=${DAYS_AGO}&tz=${ZONE}`);
    const date = listed.reports.at(-1)?.date ?? '';
    const notice = page.locator('.day-late');
    const look = async () => {
      await page.goto(`/day/${date}`);
      await page.locator('.day-cards').waitFor();
      await settled(page);
    };
    await look();
    assert.equal(await notice.count(), 0, 'a first look has nothing to compare with');
    const before = await total(page, date);
    // The record is written shortly after the response.
    await page.waitForTimeout(900);

    assert.equal(await simulate(`${date}T18:00:00Z`, 1, 400), 0);
    await tick();
    const came = (await total(page, date)) - before;
    assert.ok(came > 0, 'the late rows are in the mart');
    await page.clock.install();
    await page.clock.fastForward(61_000);
    await look();
    await notice.waitFor();
    const said = (await notice.innerText()).replaceAll('\u00a0', ' ');
    assert.match(said, /^Updated .+: ([\d,]+) movements? more than when you last looked at this day\.$/);
    assert.equal(Number(/: ([\d,]+) movements?/.exec(said)?.[1]?.replaceAll(',', '')), came, said);
    await page.waitForTimeout(900);
    await look();
    assert.equal(await notice.count(), 0, 'it was said');
    await context.close();
  });
});
