/** `tracer replay --web`, as it is typed: the same page, from a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { recordedBytes } from '../golden/recordings.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { recorded } from '../helpers/sessions.ts';
import { chromiumPath, openPage, rows, startBrowser, status } from './browser.ts';
import { Served } from './served.ts';

const RECORDING = 'flannel-service-cross-node';
let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath() !== undefined) browser = await startBrowser();
});
afterAll(() => browser?.close());

async function packetsAt(url: string): Promise<{ readonly page: Page; readonly texts: readonly string[] }> {
  const { page, complaints } = await openPage(browser!);
  await page.goto(url);
  await expect.poll(() => rows(page).count()).toBe(10);
  expect(complaints).toEqual([]);
  return { page, texts: await rows(page).allInnerTexts() };
}

test('a recording looks as it did live, and asks for nothing that a recording cannot do', async context => {
  if (chromiumPath() === undefined) context.skip('needs Chromium (package chromium)');
  const folder = mkdtempSync(join(tmpdir(), 'tracer-replay-web-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'curl.tracer');
  writeFileSync(path, await recorded(recordedBytes(RECORDING)));
  const run = new RunningTracer(['replay', '-r', path, '--web', '0']);
  await run.says('stderr', /the page: \S+/);
  const [, address, token] = /the page: (\S+)(#t=\S+)/.exec(run.stderr)!;
  const live = await packetsAt((await Served.start(RECORDING)).address('?list=journeys'));
  const { page, texts } = await packetsAt(`${address}?list=journeys${token}`);
  expect(texts).toEqual(live.texts);

  await expect.poll(() => status(page).innerText()).toContain('recording');
  await page.getByText('curl.tracer').waitFor();
  for (const name of ['Follow', 'Scenarios'])
    expect(await page.getByRole('button', { name, exact: true }).count(), name).toBe(0);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  expect(await download.failure()).toBeNull();

  process.kill(run.pid, 'SIGINT');
  expect((await run.ended).code).toBe(0);
  await expect.poll(() => status(page).innerText()).toContain('reconnecting');
});
