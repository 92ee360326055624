// A real Chromium, and people who sit in front of it.

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

import { appUrl, chromiumPath } from './demo.ts';

export const ZONE = 'Europe/Moscow';

export interface Seat {
  language?: 'en' | 'ru';
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** What the device's clock is set to; not the person's choice. */
  zone?: string;
  touch?: boolean;
}

const LOCALES = { en: 'en-GB', ru: 'ru-RU' };

let browser: Browser | undefined;

export async function openBrowser(): Promise<void> {
  browser = await chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    // Root, as in containers, has no sandbox of its own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
}

/** A browser profile that nobody has used. */
export async function newSeat(seat: Seat = {}): Promise<BrowserContext> {
  if (browser === undefined) {
    throw new Error('the browser is not open');
  }
  const {
    language = 'en',
    theme = 'light',
    width = 1280,
    height = width < 500 ? 640 : 900,
    zone = ZONE,
    touch = false,
  } = seat;
  const context = await browser.newContext({
    baseURL: appUrl(),
    viewport: { width, height },
    colorScheme: theme,
    locale: LOCALES[language],
    timezoneId: zone,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  return context;
}

/** Goes through the issuer's page as a person does, and answers the question of the first visit. */
export async function signIn(page: Page, user: string, path = '/'): Promise<void> {
  await page.goto(path);
  await page.locator('a[href^="/auth/login"]').click();
  await page.locator(`button[name="account"][value="${user}"]`).click();
  await page.waitForURL((url) => url.origin === new URL(appUrl()).origin);
  await page.locator('#content h1, #zone').first().waitFor();
  if (await page.locator('#zone').isVisible()) {
    await page.locator('#zone').selectOption(ZONE);
    await page.locator('form button[type=submit]').click();
    await page.locator('.header').waitFor();
  }
}

/** For how long nothing may be in flight: an address that leads to another one is empty for a moment in between. */
const QUIET_MS = 200;

/** Waits until the page shows what it was opened for: no skeleton, nothing in flight. */
export async function settled(page: Page): Promise<void> {
  const isThere = () =>
    page.waitForFunction(
      () =>
        document.querySelector('h1') !== null &&
        document.querySelector('.skeleton, .waiting, [aria-busy="true"]') === null,
    );
  await isThere();
  await page.waitForTimeout(QUIET_MS);
  await isThere();
}

/** What the API answers to the session that the browser has now. */
export async function ask<T>(page: Page, path: string): Promise<T> {
  return page.evaluate(async (url) => {
    const { session } = (await (await fetch('/auth/me')).json()) as { session: string };
    const response = await fetch(url, { headers: { 'X-CSRF': '1', 'X-Session': session } });
    return response.json();
  }, path) as Promise<T>;
}
