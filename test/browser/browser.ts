/** A real Chromium, and a page in it that fails the test when it complains. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Where Debian, Fedora and Arch have it; `$TRACER_CHROMIUM` is asked first. */
export function chromiumPath(): string | undefined {
  const known = [process.env.TRACER_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  return known.find(path => path !== undefined && existsSync(path));
}

/** With a profile of its own, which goes with it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath()!, headless: true, args: flags });
}

export interface WatchedPage {
  readonly page: Page;
  /** What the page complained of, and who was asked. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', error => complaints.push(error.stack ?? error.message));
  page.on('console', message => {
    // That a daemon does not answer, or refuses, the browser tells by itself.
    const isNetwork = /Failed to load resource|WebSocket connection/.test(message.text());
    if (message.type() === 'error' && !isNetwork) complaints.push(message.text());
  });
  page.on('request', request => requests.push(request.url()));
  return { page, complaints, requests };
}

/** Of the lists: conversations, or packets. */
export const rows = (page: Page): Locator => page.getByRole('listbox').getByRole('option');
export const row = (page: Page, text: string | RegExp): Locator => rows(page).filter({ hasText: text });
export const status = (page: Page): Locator => page.getByRole('button', { name: /^Status/ });
