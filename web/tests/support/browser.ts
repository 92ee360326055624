// A real Chromium, and users signing in with it.

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

import { appUrl, chromiumPath } from './demo.ts';

export const ZONE = 'Europe/Moscow';

export interface Seat {
  language?: 'en' | 'ru';
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** The device's time zone, as opposed to the account's choice. */
  zone?: string;
  touch?: boolean;
}

const LOCALES = { en: 'en-GB', ru: 'ru-RU' };

let browser: Browser | undefined;

export async function openBrowser(): Promise<void> {
  browser = await chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    // Chromium's sandbox does not work as root, as in containers.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
}

/** Opens an empty browser profile. */
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

/** Signs in on the issuer's page, and answers the question of the first visit. */
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

/** The time without requests in flight: between the two pages of a redirect there are none for a moment. */
const QUIET_MS = 200;

/** Waits until the page has loaded: no skeleton, no requests in flight. */
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

/** Requests the API with the browser's current session. */
export async function ask<T>(page: Page, path: string): Promise<T> {
  return page.evaluate(async (url) => {
    const { session } = (await (await fetch('/auth/me')).json()) as { session: string };
    const response = await fetch(url, { headers: { 'X-CSRF': '1', 'X-Session': session } });
    return response.json();
  }, path) as Promise<T>;
}
