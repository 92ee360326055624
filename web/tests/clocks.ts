// Days of 23 and 25 hours, in zones with daylight saving: the page shows what the API says, on whatever day the tests
// run.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import type { Page } from 'playwright-core';

import { newSeat, settled, signIn, ZONE } from './support/browser.ts';
import { assertDayIsTheApis } from './support/day.ts';
import { noSources, simulate, tick } from './support/demo.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * One zone per hemisphere: the newest change of either kind is at most about seven months old, and the mart keeps a
 * year.
 */
const ZONES = ['America/New_York', 'Australia/Sydney'];
/** Enough for the simulated people to move in every waking hour. */
const MOVEMENTS_PER_DAY = 1500;

interface Change {
  zone: string;
  /** The local day. */
  date: string;
  /** The first instant by the new clock. */
  at: number;
}

/** Returns the zone's offset from UTC in minutes. */
function offset(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
  const [, sign, hours, minutes] =
    /GMT(?:([+-])(\d\d):(\d\d))?/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '') ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
}

/** Returns the newest day with that many hours in any of the zones, at least a day ago. */
function newestDayOf(hours: 23 | 25): Change {
  const step = (24 - hours) * 60;
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let day = now - 2 * DAY_MS; day > now - 300 * DAY_MS; day -= DAY_MS) {
    for (const zone of ZONES) {
      if (offset(zone, day) - offset(zone, day - DAY_MS) !== step) continue;
      let at = day;
      while (offset(zone, at - HOUR_MS) === offset(zone, day)) at -= HOUR_MS;
      const date = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(at);
      return { zone, date, at };
    }
  }
  throw new Error(`no day of ${hours} hours within 300 days`);
}

async function chooseZone(page: Page, zone: string): Promise<void> {
  await page.goto('/settings');
  await page.locator('#setting-zone').selectOption(zone);
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT' && answer.ok());
  await page.getByRole('button', { name: 'Save the time zone' }).click();
  await saved;
}

const days = { short: newestDayOf(23), long: newestDayOf(25) };

describe('days when clocks change', { skip: noSources }, () => {
  before(async () => {
    for (const { at } of Object.values(days)) {
      assert.equal(await simulate(new Date(at + DAY_MS).toISOString(), 2, MOVEMENTS_PER_DAY), 0);
    }
    await tick();
  });

  for (const [hours, { zone, date }] of [
    [25, days.long],
    [23, days.short],
  ] as const) {
    it(`a day of ${hours} hours, ${date} in ${zone}`, async () => {
      const context = await newSeat();
      const page = await context.newPage();
      await signIn(page, 'john.mueller', '/settings');
      await chooseZone(page, zone);
      try {
        await page.goto(`/day/${date}`);
        await settled(page);
        const rows = await assertDayIsTheApis(page, zone);
        assert.equal(rows.length, hours);
        await page.getByText(`The clocks change on this day: it has ${hours} hours.`).waitFor();
        const names = rows.map((row) => row.split('\t')[0] ?? '');
        assert.equal(new Set(names).size, hours, names.join(', '));
        const offsets = names.filter((name) => name.includes('UTC'));
        if (hours === 25) {
          // The repeated hour appears twice, distinguished by its offset, each with its own movements.
          assert.equal(offsets.length, 2, names.join(', '));
          assert.equal(new Set(offsets.map((name) => name.slice(0, 5))).size, 1, offsets.join(', '));
          const repeated = rows.filter((row) => row.includes('UTC')).map((row) => row.split('\t')[1] ?? '');
          for (const count of repeated) assert.match(count, /^[1-9]/);
        } else {
          assert.deepEqual(offsets, []);
          const starts = names.map((name) => Number(name.slice(0, 2)));
          const missing = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => !starts.includes(hour));
          assert.equal(missing.length, 1, names.join(', '));
        }
      } finally {
        await chooseZone(page, ZONE);
        await context.close();
      }
    });
  }
});
