/** The time–space diagram as it comes out of a real Chromium, with packets that were recorded. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openPage, startBrowser } from './browser.ts';
import {
  canvasOf,
  imageOf,
  lastCross,
  paintedBy,
  placesWith,
  railOf,
  type Spot,
  shows,
  spotsOf,
} from './picture.ts';
import { Served } from './served.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath() !== undefined) browser = await startBrowser();
});
afterAll(() => browser?.close());

const highest = (spots: readonly Spot[]): number => Math.min(...spots.map(({ yPx }) => yPx));
const lowest = (spots: readonly Spot[]): number => Math.max(...spots.map(({ yPx }) => yPx));

describe.skipIf(chromiumPath() === undefined)('the diagram', () => {
  const open = async (served: Served, query = '', options = {}) => {
    const opened = await openPage(browser!, options);
    await opened.page.goto(served.address(query));
    return opened;
  };

  test.each(['light', 'dark'] as const)(
    'a rewritten packet has another colour from there on, %s',
    async scheme => {
      const served = await Served.start('flannel-service-cross-node');
      const { page, complaints } = await open(served, '', { colorScheme: scheme });
      await shows(page, '10 journeys');
      // As sent in the client's pod alone, rewritten from its node to the server.
      expect(await placesWith(page, '--accent')).toEqual(['pod-a', 'node-1']);
      const rewritten = ['node-1', 'flannel.1', 'host', 'flannel.1', 'node-2', 'nginx-2'];
      expect(await placesWith(page, '--change-dnat')).toEqual(rewritten);
      expect(complaints).toEqual([]);
    },
  );

  test('the kink of a DNAT is at PREROUTING of the node that does it', async () => {
    const served = await Served.start('flannel-service-hooks');
    const syn = served.recorded.find(({ summary }) => summary === 'SYN')!;
    const { page } = await open(served, `?packet=${syn.id}`);
    await canvasOf(page).focus();
    await page.keyboard.press('e');
    await shows(page, '1 journey');
    const rail = await railOf(page, 'node-1', 'PREROUTING');
    // The sign lies on it; the line is of one colour above and of the other below.
    expect(lowest(await spotsOf(page, '--accent'))).toBeLessThan(rail + 2);
    const rewritten = await spotsOf(page, '--change-dnat');
    expect(highest(rewritten)).toBeLessThan(rail);
    expect(highest(rewritten)).toBeGreaterThan(rail - 10);
    expect(lowest(rewritten)).toBeGreaterThan(rail + 50);
  });

  test('a drop is a cross where it happened: it says why, and a click opens its story there', async () => {
    const served = await Served.start('flannel-policy-drop');
    const drop = served.recorded.find(({ outcome }) => outcome.kind === 'dropped')!;
    const { page } = await open(served);
    await shows(page, '9 journeys, 2 dropped');
    expect(await placesWith(page, '--outcome-dropped')).toEqual(['node-2']);
    const { xPx, yPx } = lastCross((await paintedBy(page, '--outcome-dropped')).at(-1)!.spots);
    await page.mouse.move(xPx, yPx);
    await page.getByRole('tooltip').getByText('NETFILTER_DROP').first().waitFor();
    await page.mouse.click(xPx, yPx);
    const row = page.locator('.story-hop.is-drop[aria-current=step]');
    await row.getByText('NETFILTER_DROP').waitFor();
    expect(await row.getAttribute('data-hop')).toBe(String(drop.outcome.at));
    await expect.poll(() => new URL(page.url()).searchParams.get('hop')).toBe(String(drop.outcome.at));
  });

  test('paused, nothing in it moves; going on, it does', async () => {
    const served = await Served.start('flannel-service-cross-node');
    const { page } = await open(served);
    await shows(page, '10 journeys');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.mouse.move(0, 0);
    const before = await imageOf(page);
    served.more(20);
    await page.getByText('Paused · 20 came meanwhile').waitFor();
    expect(await imageOf(page)).toBe(before);
    await page.getByRole('button', { name: 'Go on' }).click();
    await shows(page, '30 journeys');
    expect(await imageOf(page)).not.toBe(before);
  });

  test('what is read stays as it is while more comes, and is told how much', async () => {
    const served = await Served.start('flannel-service-cross-node');
    const { page } = await open(served, '?packet=1');
    await shows(page, '10 journeys');
    await canvasOf(page).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => new URL(page.url()).searchParams.get('hop')).toBe('1');
    const before = await imageOf(page);
    served.more(20);
    const newer = page.getByRole('button', { name: 'Show 20 new' });
    await newer.waitFor();
    expect(await imageOf(page)).toBe(before);
    await newer.click();
    await shows(page, '30 journeys');
  });

  test('quiet time is torn out, and comes back by a key', async () => {
    const served = await Served.start('flannel-policy-drop');
    const { page } = await open(served);
    await shows(page, '9 journeys, 2 dropped');
    const columns = async (): Promise<number> => {
      const [client] = await paintedBy(page, '--accent');
      return new Set(client!.spots.map(({ xPx }) => Math.round(xPx))).size;
    };
    const folded = await columns();
    expect(folded).toBeGreaterThan(40);
    await canvasOf(page).focus();
    await page.keyboard.press('t');
    // A second lies between the two SYNs, and each took less than one of its thousands: upright lines.
    await expect.poll(columns).toBeLessThan(20);
    await page.keyboard.press('t');
    await expect.poll(columns).toBe(folded);
  });

  test('wheel, drag and keys move it in time, and the names of the places stay', async () => {
    const served = await Served.start('flannel-service-cross-node');
    const { page } = await open(served);
    await shows(page, '10 journeys');
    const names = await page.locator('.timeline-places').innerText();
    const box = (await canvasOf(page).boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + 12];
    const window = async (): Promise<readonly number[]> => {
      await expect.poll(() => new URL(page.url()).searchParams.get('time')).toMatch(/^\d+-\d+$/);
      return new URL(page.url()).searchParams.get('time')!.split('-').map(Number);
    };
    const settled = async (before: readonly number[]): Promise<readonly number[]> => {
      await expect.poll(window).not.toEqual(before);
      return window();
    };
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -400);
    const near = await window();
    await page.mouse.down();
    await page.mouse.move(x - 120, y, { steps: 3 });
    await page.mouse.up();
    const later = await settled(near);
    expect(later[0]).toBeGreaterThan(near[0]!);
    await canvasOf(page).focus();
    await page.keyboard.press('-');
    const wide = await settled(later);
    expect(wide[1]! - wide[0]!).toBeGreaterThan(later[1]! - later[0]!);
    expect(await page.locator('.timeline-places').innerText()).toBe(names);
    await page.keyboard.press('f');
    await expect.poll(() => new URL(page.url()).searchParams.has('time')).toBe(false);
  });

  test('overlay lays the journeys of one way on each other', async () => {
    const served = await Served.start('flannel-service-cross-node');
    const { page } = await open(served, '?packet=1&view=overlay');
    await shows(page, '2 journeys');
    served.more(40);
    await shows(page, '42 journeys');
  });

  test('thousands of packets are bands of density, and the drop among them is still a cross', async () => {
    const served = await Served.start('flannel-policy-drop');
    const { page, complaints } = await open(served, '?time=0-6000000000');
    await shows(page, '9 journeys, 2 dropped');
    const crosses = await placesWith(page, '--outcome-dropped');
    const syn = served.recorded.find(({ direction }) => direction === 'request')!;
    for (let from = 1000; from < 3000; from += 1000) {
      served.more(1000, from, {
        ...syn,
        outcome: { kind: 'delivered', to: 'stack', at: syn.hops.length - 2 },
      });
      await shows(page, `${from + 9} journeys, 2 dropped`);
    }
    expect(await placesWith(page, '--outcome-dropped')).toEqual(crosses);
    expect(crosses).toEqual(['node-2']);
    expect(complaints).toEqual([]);
  });
});
