// Compares a day's page with the API: the cards, the chart by its arrow keys, the table.

import assert from 'node:assert/strict';

import type { Page } from 'playwright-core';

import { ask, ZONE } from './browser.ts';

interface Report {
  summary: { total_movements: number; uptime_hours: number; total_errors: number };
  hours: { hour: string; label: string; state: string }[];
  hourly_data: { hour: string; movements_count: number }[];
}

const digits = (text: string) => Number(text.replace(/[^0-9]/g, ''));

/** Returns the first chart's readout at each column, read with the arrow keys. */
async function readChart(page: Page, columns: number): Promise<string[]> {
  const chart = page.locator('.chart-plot').first();
  await chart.focus();
  await page.keyboard.press('Home');
  const said: string[] = [];
  for (let column = 0; column < columns; column += 1) {
    said.push(await page.locator('.chart-readout p').first().innerText());
    await page.keyboard.press('ArrowRight');
  }
  return said;
}

/** Checks that the open day shows what the API says of it in that zone; returns the rows of its table. */
export async function assertDayIsTheApis(page: Page, zone = ZONE): Promise<string[]> {
  await page.locator('.day-card-value').first().waitFor();
  const date = page.url().split('/').at(-1);
  const report = await ask<Report>(page, `/api/reports/${date}?tz=${encodeURIComponent(zone)}`);
  const counts = new Map(report.hourly_data.map(({ hour, movements_count: count }) => [hour, count]));

  const cards = await page.locator('.day-card-value').allInnerTexts();
  assert.equal(digits(cards[0] ?? ''), report.summary.total_movements);
  assert.equal(digits(cards[1] ?? ''), report.summary.uptime_hours);
  assert.equal(digits(cards[5] ?? ''), report.summary.total_errors);

  const said = await readChart(page, report.hours.length);
  await page.getByRole('button', { name: /^Show as table.*Movements by hour/ }).click();
  const rows = await page.locator('table').first().locator('tbody tr').allInnerTexts();
  assert.equal(rows.length, report.hours.length);
  report.hours.forEach(({ hour, label }, index) => {
    const count = counts.get(hour);
    const row = rows[index] ?? '';
    assert.ok(row.startsWith(label), row);
    assert.ok(said[index]?.includes(label), said[index]);
    if (count !== undefined) {
      assert.equal(digits(row.slice(row.indexOf('\t'))), count, row);
      assert.equal(digits((said[index] ?? '').split(': ').at(-1)?.split(',')[0] ?? ''), count, said[index]);
    }
  });
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(total, report.summary.total_movements);
  return rows;
}
