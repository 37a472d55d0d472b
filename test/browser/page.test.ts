/** The page against the real server with recorded packets: what it shows, keeps, and says when something is missing. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pageFolder } from '../../src/daemon/sockets.ts';
import { chromiumPath, openPage, row, rows, startBrowser, status, type WatchedPage } from './browser.ts';
import { Served } from './served.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath() !== undefined) browser = await startBrowser();
});
afterAll(() => browser?.close());

const selectedRow = (page: Page): Locator =>
  page.getByRole('listbox').getByRole('option', { selected: true });

/** From the beginning of a load of its own to the first that is drawn. */
async function paintedMs(page: Page): Promise<number | undefined> {
  await page.reload();
  await row(page, 'pod-a').waitFor();
  return page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
}

describe('the page', () => {
  beforeEach(context => {
    if (chromiumPath() === undefined) context.skip('needs Chromium (package chromium)');
  });

  const open = async (url: string, options = {}): Promise<WatchedPage> => {
    const opened = await openPage(browser!, options);
    await opened.page.goto(url);
    return opened;
  };

  test('is painted within a second, asks nobody else, and takes its token out of the address', async () => {
    const served = await Served.start();
    const { page, complaints, requests } = await open(served.address());
    await row(page, 'pod-a').waitFor();
    expect(page.url()).not.toContain('t=');
    // Once is enough: how long the browser itself is kept waiting is not the page's doing.
    await expect.poll(() => paintedMs(page)).toBeLessThan(1000);
    expect(requests.filter(url => !url.startsWith(served.origin))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('is at most 300 kB, packed', () => {
    const files = readdirSync(pageFolder, { recursive: true, encoding: 'utf8' });
    const sizes = files
      .filter(name => /\.(html|js|css|svg)$/.test(name))
      .map(name => gzipSync(readFileSync(`${pageFolder}/${name}`)).length);
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  test('lets nobody in without the token, and says how to get in', async () => {
    const served = await Served.start();
    const { page } = await open(served.origin);
    await page.getByText('The daemon does not know this page.').waitFor();
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Let me in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(served.address());
    await page.getByRole('button', { name: 'Let me in' }).click();
    await row(page, 'pod-a').waitFor();
  });

  test('names conversations, and leads to the packet that was dropped in two clicks', async () => {
    const served = await Served.start('flannel-policy-drop');
    const { page, complaints } = await open(served.address());
    const flow = row(page, 'denied');
    await flow.waitFor();
    expect(await flow.innerText()).toContain('dropped');
    await flow.click();
    await page.getByRole('button', { name: /Look at packet/ }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('packet')).toMatch(/^\d+$/);
    const drop = served.recorded.find(({ outcome }) => outcome.kind === 'dropped')!;
    expect(new URL(page.url()).searchParams.get('hop')).toBe(String(drop.outcome.at));
    expect(complaints).toEqual([]);
  });

  test('shows after a reload what it showed', async () => {
    const served = await Served.start();
    const { page } = await open(served.address());
    await page.keyboard.press('/');
    await page.keyboard.type('pod:pod-a SYN');
    await page.getByRole('button', { name: /^Packets/ }).click();
    await expect.poll(() => rows(page).count()).toBe(2);
    await row(page, 'SYN-ACK').click();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Charts', exact: true }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('hop')).toBe('2');
    await expect.poll(() => page.url()).toContain('below=charts');
    const address = page.url();
    await page.reload();
    await expect.poll(() => selectedRow(page).innerText()).toContain('SYN-ACK');
    expect(await page.getByLabel('Filter conversations and packets').inputValue()).toBe('pod:pod-a SYN');
    expect(page.url()).toBe(address);
  });

  test('does not move while it is paused, and counts what came', async () => {
    const served = await Served.start();
    const { page } = await open(served.address('?list=journeys'));
    await expect.poll(() => rows(page).count()).toBe(10);
    await page.getByRole('button', { name: 'Pause' }).click();
    served.more(30);
    await page.getByText('Paused · 30 came meanwhile').waitFor();
    expect(await rows(page).count()).toBe(10);
    await page.getByRole('button', { name: 'Go on' }).click();
    await row(page, '#1029').waitFor();
  });

  test('leaves rows where they are while somebody reads them', async () => {
    const served = await Served.start();
    const { page } = await open(served.address('?list=journeys'));
    await row(page, '#10 ').hover();
    served.more(5);
    const newer = page.getByRole('button', { name: '5 new rows: show' });
    await newer.waitFor();
    expect(await rows(page).first().innerText()).toContain('#10 ');
    await newer.click();
    await expect.poll(() => rows(page).first().innerText()).toContain('#1004');
  });

  test('has what came before it, draws the rows that are seen, and reaches the last one by key', async () => {
    const served = await Served.start();
    served.more(1500);
    const { page, complaints } = await open(served.address('?list=journeys'));
    await row(page, '#2499').waitFor();
    served.more(500, 3000);
    await row(page, '#3499').waitFor();
    await page.getByRole('button', { name: 'Packets 2010' }).waitFor();
    expect(await rows(page).count()).toBeLessThan(60);
    await page.getByRole('listbox').focus();
    await page.keyboard.press('End');
    await expect.poll(() => selectedRow(page).innerText()).toContain('#1 ');
    expect(complaints).toEqual([]);
  });

  test('comes back after a lost connection, with what came meanwhile', async () => {
    const served = await Served.start();
    const { page } = await open(served.address('?list=journeys'));
    await expect.poll(() => rows(page).count()).toBe(10);
    await served.stop();
    await expect.poll(() => status(page).innerText()).toContain('reconnecting');
    served.more(1);
    await served.again();
    await row(page, '#1000').waitFor();
    await expect.poll(() => status(page).innerText()).toMatch(/live back after .*, nothing missed/);
    await status(page).click();
    await page.getByRole('dialog').getByText('reconnected').waitFor();
  });

  test('begins anew with another session', async () => {
    const first = await Served.start('flannel-policy-drop');
    const { page } = await open(first.address());
    await row(page, 'denied').click();
    await first.stop();
    const second = await Served.start('flannel-service-cross-node', first.port);
    await row(page, 'nginx-service').waitFor();
    expect(await row(page, 'denied').count()).toBe(0);
    await expect.poll(() => page.url()).toBe(`${second.origin}/`);
  });

  test('says which taps are missing, and what that costs', async () => {
    const served = await Served.start();
    const { page } = await open(served.address());
    await expect.poll(() => status(page).innerText()).toContain('1 tap missing');
    await status(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('no BTF').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  test('says why nothing is there', async () => {
    const served = await Served.start();
    const { page } = await open(served.address('?q=nobody'));
    await page.getByText('Nothing fits the filter.').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await row(page, 'pod-a').waitFor();
  });

  test('begins and ends a follow, and tells what was wrong with a name', async () => {
    const served = await Served.start();
    const { page } = await open(served.address());
    await row(page, 'pod-a').waitFor();
    await page.getByLabel('From', { exact: true }).fill('pod-x');
    await page.getByLabel('To', { exact: true }).fill('any');
    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    await page.getByRole('alert').getByText('pod-x').waitFor();
    await page.getByLabel('From', { exact: true }).fill('pod-a');
    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    const end = page.getByRole('button', { name: 'Stop following pod-a → any' });
    await end.click();
    await end.waitFor({ state: 'detached' });
  });

  test('brushing a chart chooses the time', async () => {
    const served = await Served.start();
    const { page } = await open(served.address('?below=charts'));
    const over = page.locator('.plot .u-over').first();
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width / 4, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => new URL(page.url()).searchParams.get('time')).toMatch(/^\d+-\d+$/);
  });

  test('is light or dark as the system has it, until somebody chooses', async () => {
    const served = await Served.start();
    const { page } = await open(served.address(), { colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await row(page, 'pod-a').waitFor();
    const dark = await ground();
    await page.keyboard.press('d');
    await expect.poll(ground).not.toBe(dark);
    await page.keyboard.press('d');
    await expect.poll(ground).toBe(dark);
  });
});
