/** The story of a packet, with diagram and topology in step, in a real Chromium with packets that were recorded. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openPage, startBrowser } from './browser.ts';
import { canvasOf, imageOf, shows } from './picture.ts';
import { Served } from './served.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath() !== undefined) browser = await startBrowser();
});
afterAll(() => browser?.close());

const open = async (query: string, recording = 'flannel-service-hooks', options = {}) => {
  const served = await Served.start(recording);
  const opened = await openPage(browser!, options);
  await opened.page.goto(served.address(query));
  return { served, ...opened };
};

interface Where {
  /** The hop that each is at. */
  readonly story: number;
  readonly diagram: number;
  /** Where the topology marks it. */
  readonly topology: string | null;
  /** And whether that is in sight. */
  readonly isSeen: boolean;
  readonly text: string;
}

const whereIs = (page: Page): Promise<Where> =>
  page.evaluate(() => {
    const row = document.querySelector<HTMLElement>('.story-hop[aria-current=step]');
    const said = document.querySelector('.timeline-words p:last-child')!.textContent;
    const mark = document.querySelector('.topo-hop')?.getBoundingClientRect();
    const room = document.querySelector('.topo')!.getBoundingClientRect();
    return {
      isSeen: mark !== undefined && mark.top >= room.top && mark.bottom <= room.bottom,
      story: Number(row?.dataset.hop ?? -1),
      diagram: Number(/^Hop (\d+) of/.exec(said)?.[1] ?? 0) - 1,
      topology: document.querySelector('.topo-hop')?.getAttribute('transform') ?? null,
      text: row?.innerText ?? '',
    };
  });

describe.skipIf(chromiumPath() === undefined)('the story', () => {
  test('arrow keys walk hop by hop, in the diagram and the topology as well', async () => {
    const { page, served, complaints } = await open('?packet=1', 'flannel-service-hooks', {
      // The topology has to be scrolled.
      viewport: { width: 1280, height: 520 },
    });
    await shows(page, '10 journeys');
    const { hops } = served.recorded.find(({ id }) => id === '1')!;
    await canvasOf(page).focus();
    // Where two hops have the same time they have the same point otherwise.
    await page.keyboard.press('e');
    await shows(page, '1 journey');
    const points = new Map<string, Set<string>>();
    let before = '';
    for (const { index, netns, text } of hops) {
      if (index > 0) await page.keyboard.press('ArrowRight');
      await expect.poll(() => whereIs(page)).toMatchObject({ story: index, diagram: index, isSeen: true });
      const where = await whereIs(page);
      expect(where.topology).not.toBeNull();
      points.set(netns.cookie, (points.get(netns.cookie) ?? new Set()).add(where.topology!));
      expect(where.text).toContain(text.slice(-12));
      const image = await imageOf(page);
      expect(image).not.toBe(before);
      before = image;
    }
    // No two namespaces share a point.
    const all = [...points.values()].flatMap(each => [...each]);
    expect(points.size).toBe(5);
    expect(new Set(all).size).toBe(all.length);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    await expect
      .poll(() => whereIs(page))
      .toMatchObject({ story: hops.length - 2, diagram: hops.length - 2 });
    expect(complaints).toEqual([]);
  });

  test('keys walk within the story, and a click on a row moves the others', async () => {
    const { page } = await open('?packet=1');
    await page.locator('.story-hop[data-hop="2"] .story-line').click();
    await expect.poll(() => whereIs(page)).toMatchObject({ story: 2, diagram: 2 });
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => whereIs(page)).toMatchObject({ story: 3, diagram: 3 });
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => whereIs(page)).toMatchObject({ story: 2, diagram: 2 });
  });

  test('a rewrite says what was and what is, who did it, and the command that shows it', async () => {
    const { page, served } = await open('?packet=1&hop=2');
    const hop = served.recorded.find(({ id }) => id === '1')!.hops[2]!;
    const [change] = hop.changes.filter(({ by }) => by === 'dnat');
    const row = page.locator('.story-hop[aria-current=step]');
    await row.getByText(change!.from!).first().waitFor();
    await row.getByText(change!.to!).first().waitFor();
    await row.getByText('DNAT', { exact: true }).waitFor();
    await row.getByText('10.96.45.123').first().waitFor();
    expect((await row.locator('code').innerText()).replace(/\s+/g, ' ')).toContain(hop.command!);
  });

  test('its command is copied', async () => {
    const { page, served } = await open('?packet=1&hop=2', 'flannel-service-hooks', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.locator('.story-hop[aria-current=step]').getByRole('button', { name: 'Copy' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe(served.recorded.find(({ id }) => id === '1')!.hops[2]!.command);
  });

  test('a conversation is told packet by packet', async () => {
    const { page } = await open('?flow=1&view=flow');
    await page
      .getByRole('button', { name: /SYN-ACK/ })
      .first()
      .click();
    await expect.poll(() => new URL(page.url()).searchParams.get('packet')).toBe('2');
    await page.getByRole('button', { name: 'its conversation' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.has('packet')).toBe(false);
    expect(new URL(page.url()).searchParams.get('flow')).toBe('1');
  });
});
