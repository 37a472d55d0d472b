/** The page of a real daemon, with a practice cluster: packets of this kernel, asked for and watched in a browser. Needs root. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { tracer } from '../helpers/cli.ts';
import { RunningDaemon } from '../helpers/daemon.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { chromiumPath, openPage, startBrowser } from './browser.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath() !== undefined) browser = await startBrowser();
});
afterAll(() => browser?.close());

function whyNot(): string | undefined {
  if (chromiumPath() === undefined) return 'needs Chromium (package chromium)';
  if (process.getuid?.() !== 0) return 'needs root, for a real daemon';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF';
  return undefined;
}

test('packets of this kernel are asked for by name, and the culprit is found in three clicks', async context => {
  const reason = whyNot();
  if (reason !== undefined) context.skip(reason);
  const lab = testLabName('page');
  onTestFinished(async () => void (await tracer(['lab', 'down', '--name', lab])));
  const up = await tracer(['lab', 'up', '--name', lab, '--cni', 'kindnet']);
  expect(up.code, up.stderr).toBe(0);
  const daemon = await RunningDaemon.start(['any', '192.0.2.1']);
  const address = /the page: (\S+)#t=TOKEN/.exec(daemon.run.stderr)?.[1];
  const { page, complaints } = await openPage(browser!);
  await page.goto(`${address}#t=${daemon.token}`);

  const offered = page.locator(`datalist#names option[value$="/denied"]`, { hasText: `lab:${lab}` });
  await offered.waitFor({ state: 'attached' });
  await page.getByLabel('From', { exact: true }).fill((await offered.getAttribute('value'))!);
  await page.getByLabel('To', { exact: true }).fill('any');
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  await page.getByRole('button', { name: /^Stop following .*denied/ }).waitFor();
  await inLab(lab, 'denied', 'curl', '-s', '-m', '1', 'http://10.244.2.7:8080/');

  const flow = page
    .getByRole('listbox')
    .getByRole('option')
    .filter({ hasText: 'denied' })
    .filter({ hasText: 'dropped' });
  await flow.first().click();
  await page.getByRole('button', { name: /Look at packet/ }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get('packet')).toMatch(/^\d+$/);
  const id = new URL(page.url()).searchParams.get('packet');
  const { body } = await daemon.ask('GET', `/api/journeys/${id}`);
  expect(body.outcome).toMatchObject({
    kind: 'dropped',
    at: Number(new URL(page.url()).searchParams.get('hop')),
  });

  await page.getByRole('button', { name: 'Scenarios' }).click();
  await page.getByRole('button', { name: 'Run: A NetworkPolicy says no' }).waitFor();
  expect(complaints).toEqual([]);
});
