// The page of prostheses shows what the API says of each device, and omits what the CRM does not have.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Page } from 'playwright-core';

import { ask, newSeat, settled, signIn, ZONE } from './support/browser.ts';
import { forgetDevice } from './support/states.ts';

interface Listed {
  prostheses: { manufactured_on: string | null; warranty_until: string | null }[];
}

const WORDS = {
  en: { made: 'Manufactured', warranty: 'Warranty', until: 'until', ended: 'ended on' },
  ru: { made: 'Изготовлен', warranty: 'Гарантия', until: 'до', ended: 'закончилась' },
} as const;

/** Formats a date in the language. */
function written(date: string, language: 'en' | 'ru'): string {
  const style = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(language, style).format(new Date(date));
}

/** Returns a device's facts by name. */
async function facts(page: Page): Promise<Map<string, string>> {
  const rows = await page.locator('.device-facts').first().locator(':scope > div').all();
  const pairs = rows.map(async (row) => {
    const name = await row.locator('dt').innerText();
    return [name, (await row.locator('dd').innerText()).replaceAll('\u00a0', ' ')] as const;
  });
  return new Map(await Promise.all(pairs));
}

describe('a prosthesis', () => {
  for (const language of ['en', 'ru'] as const) {
    it(`tells when it was made and how long its warranty lasts, ${language}`, async () => {
      const context = await newSeat({ language });
      const page = await context.newPage();
      await signIn(page, 'ivan.petrov', '/prostheses');
      await settled(page);
      const words = WORDS[language];
      const [device] = (await ask<Listed>(page, '/api/prostheses')).prostheses;
      const { today } = await ask<{ today: string }>(page, `/api/freshness?tz=${encodeURIComponent(ZONE)}`);
      assert.ok(device?.manufactured_on && device.warranty_until, 'the simulated CRM tells both');
      const shown = await facts(page);
      assert.equal(shown.get(words.made), written(device.manufactured_on, language));
      const lasts = device.warranty_until >= today ? words.until : words.ended;
      assert.equal(shown.get(words.warranty), `${lasts} ${written(device.warranty_until, language)}`);

      // The real response with other dates: the last day of a warranty, a past day, and a CRM without one.
      const others = language === 'en' ? [today, '2020-02-29', null] : ['2020-02-29'];
      for (const until of others) {
        const word = until === today ? words.until : words.ended;
        const expected = until === null ? undefined : `${word} ${written(until, language)}`;
        await page.route('**/api/prostheses', async (route) => {
          const answer = await route.fetch();
          const { prostheses, ...rest } = (await answer.json()) as Listed;
          const changed = prostheses.map((one) => ({ ...one, manufactured_on: null, warranty_until: until }));
          await route.fulfill({ response: answer, json: { ...rest, prostheses: changed } });
        });
        await forgetDevice(page);
        await page.goto('/prostheses');
        await settled(page);
        const now = await facts(page);
        assert.equal(now.get(words.warranty), expected);
        assert.equal(now.has(words.made), false);
        await page.unroute('**/api/prostheses');
      }
      await context.close();
    });
  }
});
