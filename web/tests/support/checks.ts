// The checks that every page must pass, whatever it shows.

import assert from 'node:assert/strict';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** CSS pixels in each direction: WCAG 2.2 requires 24, hands that cannot aim well need more. */
const TARGET = 44;

/** Checks that there is no violation of WCAG 2.2 A and AA, nor of axe's own best practices. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  // A page without frames is checked in place; for others axe opens a second page, which takes longer than the check.
  assert.equal(page.frames().length, 1, `${where}: there is a frame`);
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ['violations'] })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
  );
  assert.deepEqual(found, [], where);
}

/** Checks that every control is large enough. Links within a sentence may be as high as its line. */
export async function assertTargets(page: Page, where: string): Promise<void> {
  const small = await page.evaluate((least) => {
    const all = document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary, [role="button"]');
    return [...all].flatMap((element) => {
      const target = element.matches('input[type=radio], input[type=checkbox]')
        ? (element.closest('label') ?? element)
        : element;
      const { width, height, bottom } = target.getBoundingClientRect();
      const isShown = target.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1 && bottom > 0;
      const isInText = element.matches('a') && element.closest('p, dd, li p') !== null;
      return isShown && !isInText && (width < least - 0.5 || height < least - 0.5)
        ? [`${Math.round(width)}x${Math.round(height)} ${element.outerHTML.slice(0, 120)}`]
        : [];
    });
  }, TARGET);
  assert.deepEqual(small, [], where);
}

/** Checks that nothing overflows horizontally: reading needs only one direction of scrolling. */
export async function assertNoSideways(page: Page, where: string): Promise<void> {
  const { scroll, client, outside } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const all = [...document.body.querySelectorAll('*')];
    const wide = all.filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
    return {
      scroll: scrollWidth,
      client: clientWidth,
      outside: wide
        .slice(0, 5)
        .map((element) => `${element.outerHTML.slice(0, 120)} ${element.textContent?.slice(0, 60)}`),
    };
  });
  assert.ok(scroll <= client, `${where}: ${scroll} px in ${client} px: ${outside.join('\n')}`);
}

/** Tabs through the page and checks that the focus is always visible, never under a bar. Returns the stops. */
export async function assertFocusSeen(page: Page, where: string, most = 60): Promise<string[]> {
  const stops: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null;
      const box = element.getBoundingClientRect();
      const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
      const points = [box.top + 2, box.top + box.height / 2, box.bottom - 2].filter((y) => y >= 0 && y < innerHeight);
      const seen = points.some((y) => {
        const hit = document.elementFromPoint(x, y);
        return hit !== null && (element.contains(hit) || hit.contains(element));
      });
      return { name: (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 60), seen };
    });
    if (stop === null) break;
    assert.ok(stop.seen, `${where}: the focus on "${stop.name}" is hidden`);
    stops.push(stop.name);
  }
  return stops;
}
