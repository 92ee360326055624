// The page shows the API's numbers in the cards, in the chart and in the table, whatever the device's zone.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { newSeat, settled, signIn, ZONE } from './support/browser.ts';
import { assertDayIsTheApis } from './support/day.ts';

describe('the numbers of a day', () => {
  it('are the same in the cards, the chart, the table and the API', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov');
    await settled(page);
    await assertDayIsTheApis(page);
    await context.close();
  });

  it('do not depend on the zone of the device', async () => {
    const shown: string[][] = [];
    const titles: string[] = [];
    let path = '/';
    for (const zone of [ZONE, 'Pacific/Auckland', 'America/Los_Angeles', 'Asia/Kolkata']) {
      const context = await newSeat({ zone });
      const page = await context.newPage();
      await signIn(page, 'ivan.petrov', path);
      await settled(page);
      if (path === '/') {
        await page.getByRole('button', { name: 'Previous day' }).click();
        await page.waitForURL((url) => url.pathname.startsWith('/day/'));
        await settled(page);
        path = new URL(page.url()).pathname;
      }
      shown.push(await assertDayIsTheApis(page));
      titles.push(await page.locator('h1').innerText());
      await context.close();
    }
    for (const rows of shown) assert.deepEqual(rows, shown[0]);
    assert.equal(new Set(titles).size, 1, titles.join(', '));
  });
});

describe('a named comparison', () => {
  it('is offered where the data reach back for both of its periods', async () => {
    const context = await newSeat();
    const page = await context.newPage();
    await signIn(page, 'ivan.petrov', '/compare');
    await page.getByText('The last 30 and 90 days cannot be compared').waitFor();
    const names = await page.locator('.period-named a').allInnerTexts();
    assert.deepEqual(
      names.map((name) => name.replaceAll('\u00a0', ' ')),
      ['Last 7 days and the 7 before'],
    );
    await page.locator('.period-named a').click();
    await page.locator('.compare-sentence').waitFor();
    await context.close();
  });
});
