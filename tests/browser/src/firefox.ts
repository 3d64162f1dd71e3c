/** Debian's Firefox ESR, headless, by WebDriver BiDi. */

import { launch, type Browser, type Page } from 'puppeteer-core';
import { FIREFOX } from './paths';
import { tapPage } from './tap';
import { until } from './child';

export async function launchFirefox(preferences: Record<string, unknown> = {}): Promise<Browser> {
  return await launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: { 'media.autoplay.default': 0, ...preferences },
  });
}

/** The page, with the same tap as in Chromium. */
export async function openInFirefox(browser: Browser, link: string): Promise<Page> {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(tapPage);
  await page.goto(link, { waitUntil: 'domcontentloaded' });
  return page;
}

export async function firefoxBecomes(page: Page, state: string, within = 15_000): Promise<void> {
  const read = (): Promise<string | null> =>
    page.evaluate(() => document.querySelector('watchword-app')?.getAttribute('state') ?? null);
  await until(`Firefox is ${state}`, async () => (await read()) === state, { within });
}

/** The first element that matches, also inside shadow roots, as text. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return await page.evaluate((selector) => {
    const find = (root: ParentNode): string | undefined => {
      const own = root.querySelector(selector);
      if (own) return own.textContent;
      for (const element of root.querySelectorAll('*')) {
        const inner = element.shadowRoot && find(element.shadowRoot);
        if (typeof inner === 'string') return inner;
      }
      return undefined;
    };
    return find(document)?.trim() ?? '';
  }, selector);
}
