/** What the canvas of the diagram shows, told by its colours: where they are, in px of the window. */
import type { Locator, Page } from 'playwright-core';

export interface Spot {
  readonly xPx: number;
  readonly yPx: number;
}

/** All that is above or in a place's box is told by the names beside the canvas. */
export interface Painted {
  readonly place: string;
  readonly spots: readonly Spot[];
}

export const canvasOf = (page: Page): Locator => page.locator('.timeline-canvas');

/** Whatever is due has been drawn. */
export const drawn = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  });

/** Resolves when the diagram says that it shows so much: `10 journeys, 2 dropped`. */
export const shows = (page: Page, count: string): Promise<void> =>
  page.locator('.timeline-count').getByText(count, { exact: true }).waitFor();

/** Every pixel that has the colour of that custom property, up to smoothing. */
export async function spotsOf(page: Page, property: string): Promise<readonly Spot[]> {
  await drawn(page);
  return page.evaluate(name => {
    const canvas = document.querySelector<HTMLCanvasElement>('.timeline-canvas')!;
    const probe = document.createElement('canvas').getContext('2d')!;
    const style = document.createElement('span');
    style.style.color = `var(${name})`;
    document.body.append(style);
    probe.fillStyle = getComputedStyle(style).color;
    style.remove();
    probe.fillRect(0, 0, 1, 1);
    const wanted = probe.getImageData(0, 0, 1, 1).data;
    const box = canvas.getBoundingClientRect();
    const ratio = canvas.width / box.width;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const spots: { xPx: number; yPx: number }[] = [];
    for (let at = 0; at < data.length; at += 4) {
      if (![0, 1, 2].every(c => Math.abs(data[at + c]! - wanted[c]!) < 12)) continue;
      const pixel = at / 4;
      spots.push({
        xPx: box.left + (pixel % canvas.width) / ratio,
        yPx: box.top + Math.floor(pixel / canvas.width) / ratio,
      });
    }
    return spots;
  }, property);
}

/** The same, by place from the top. */
export async function paintedBy(page: Page, property: string): Promise<readonly Painted[]> {
  const spots = await spotsOf(page, property);
  const boxes = await page.locator('.timeline-band').evaluateAll(bands =>
    bands.map(band => {
      const { top, bottom } = band.getBoundingClientRect();
      return { place: band.querySelector('.timeline-name')!.textContent, top, bottom };
    }),
  );
  return boxes.map(({ place, top, bottom }) => ({
    place,
    spots: spots.filter(({ yPx }) => yPx >= top && yPx <= bottom),
  }));
}

/** The places in which it is more than a speck. */
export async function placesWith(page: Page, property: string): Promise<readonly string[]> {
  return (await paintedBy(page, property))
    .filter(({ spots }) => spots.length >= 10)
    .map(({ place }) => place);
}

/** The middle of the last cross, by its upper tips: words of the same colour beside it are not so tall. */
export function lastCross(spots: readonly Spot[], sizePx = 12): Spot {
  const top = Math.min(...spots.map(({ yPx }) => yPx));
  const tips = spots.filter(({ yPx }) => yPx < top + 2).map(({ xPx }) => xPx);
  return { xPx: Math.max(...tips) - sizePx / 2, yPx: top + sizePx / 2 };
}

/** How high the rail of a station is. */
export async function railOf(page: Page, place: string, station: string): Promise<number> {
  const box = await page
    .locator('.timeline-band')
    .filter({ has: page.locator('.timeline-name', { hasText: place }) })
    .locator('.timeline-station', { hasText: station })
    .first()
    .boundingBox();
  return box!.y + box!.height / 2;
}

/** The picture itself: the same text, the same pixels. */
export async function imageOf(page: Page): Promise<string> {
  await drawn(page);
  return canvasOf(page).evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL());
}
