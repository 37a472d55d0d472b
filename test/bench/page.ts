/**
 * The page in a real Chromium, which draws in software here. `page.view.*`: 10,000 journeys in view while they are panned and zoomed
 * by a step a frame; `frame` is from one frame to the next, `draw` the part that draws the diagram. `page.arriving.*`: 2,000
 * journeys a second for a minute, Live following; `drawn` is from the store of the daemon to the end of the first picture
 * that has the journey; `cpu` is that of the page's process, `server.cpu` of the one that sends. What the page was not sent because it came
 * too fast is skipped, counted and told.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../browser/browser.ts';
import { buildMeasuredPage } from './lib/page-build.ts';
import { quantile, remark, remarkLoad, report } from './lib/report.ts';

const IN_VIEW = 10_000;
const FRAMES = 300;
const RATE = 2_000;
const SECONDS = 60;
const SAMPLE_MS = 5_000;
/** The kernel's USER_HZ. */
const TICKS_PER_S = 100;
const serverPath = fileURLToPath(new URL('./lib/page-server.ts', import.meta.url));

class Source {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  address = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    const lines: Interface = createInterface({ input: child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(folder: string, recording: string): Promise<Source> {
    const args = ['--disable-warning=ExperimentalWarning', serverPath, folder, recording];
    const source = new Source(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    source.address = (await source.#lines.next()).value;
    return source;
  }

  async put(count: number, rate: number): Promise<void> {
    this.#child.stdin!.write(`${count} ${rate}\n`);
    await this.#lines.next();
  }

  /** Seconds since it began. */
  get cpuS(): number {
    const [, fields = ''] = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    return (user! + system!) / TICKS_PER_S;
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) await once(this.#child, 'close');
  }
}

/** What the page notes of its pictures. */
interface Noted {
  readonly drawMs: number[];
  readonly lateMs: number[];
}

async function openPage(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(() => {
    const noted = { drawMs: [] as number[], lateMs: [] as number[] };
    let newest = -1;
    const after = (
      beforeMs: number,
      afterMs: number,
      tracks: readonly { readonly id: string; readonly journey: { readonly summary: string } }[],
    ): void => {
      noted.drawMs.push(afterMs - beforeMs);
      const nowMs = performance.timeOrigin + afterMs;
      const before = newest;
      for (let i = tracks.length - 1; i >= 0; i--) {
        const { id, journey } = tracks[i]!;
        if (Number(id) <= before) break;
        newest = Math.max(newest, Number(id));
        if (/^\d{13}$/.test(journey.summary)) noted.lateMs.push(nowMs - Number(journey.summary));
      }
    };
    Object.assign(globalThis, { noted, afterPicture: after });
  });
  await page.goto(address);
  return page;
}

const notedOf = (page: Page): Promise<Noted> =>
  page.evaluate(() => {
    const { noted } = globalThis as unknown as { noted: Noted };
    return { drawMs: noted.drawMs.splice(0), lateMs: noted.lateMs.splice(0) };
  });

/** A wheel's step in each frame: in and out, left and right. @returns ms from frame to frame */
const moveAbout = (page: Page, frames: number): Promise<number[]> =>
  page.evaluate(async count => {
    const canvas = document.querySelector('.timeline-canvas')!;
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true };
    const times: number[] = [];
    for (let i = 0; i <= count; i++) {
      times.push(await new Promise<number>(requestAnimationFrame));
      const back = Math.floor(i / 15) % 2 === 0 ? 1 : -1;
      const step = Math.floor(i / 30) % 2 === 0 ? { deltaY: 40 * back } : { deltaX: 30 * back };
      canvas.dispatchEvent(new WheelEvent('wheel', { ...at, ...step }));
    }
    return times.slice(1).map((ms, i) => ms - times[i]!);
  }, frames);

async function heapMiB(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 2 ** 20;
}

/** Of the process that the page runs in. */
async function pageCpuS(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

async function measureView(browser: Browser, folder: string): Promise<void> {
  const source = await Source.start(folder, 'flannel-service-cross-node');
  const page = await openPage(browser, source.address.replace('/#', '/?time=0-60000000000#'));
  const count = page.locator('.timeline-count');
  await count.getByText(/^[1-9]/).waitFor();
  for (let put = 0; put < IN_VIEW; put += 500) {
    await source.put(500, 2000);
    await count.getByText(new RegExp(`^${Math.min(IN_VIEW, put + 510)} journeys`)).waitFor();
  }
  await moveAbout(page, 30);
  await notedOf(page);
  const frames = await moveAbout(page, FRAMES);
  const { drawMs } = await notedOf(page);
  report('page.view.frame.p50', quantile(frames, 0.5), 'ms');
  report('page.view.frame.p95', quantile(frames, 0.95), 'ms');
  report('page.view.draw.p50', quantile(drawMs, 0.5), 'ms');
  report('page.view.draw.p95', quantile(drawMs, 0.95), 'ms');
  await page.close();
  await source.end();
}

async function measureArriving(browser: Browser, folder: string): Promise<void> {
  const source = await Source.start(folder, 'flannel-service-same-node');
  const page = await openPage(browser, source.address);
  const session = await page.context().newCDPSession(page);
  await page
    .locator('.timeline-count')
    .getByText(/journeys/)
    .waitFor();
  await source.put(RATE, RATE);
  await notedOf(page);
  const before = await heapMiB(session);
  const [pageS, serverS] = [await pageCpuS(browser), source.cpuS];
  const heaps = await during(source.put(RATE * SECONDS, RATE), async () => {
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize / 2 ** 20;
  });
  report('page.arriving.cpu', (await pageCpuS(browser)) - pageS, 's');
  report('page.arriving.server.cpu', source.cpuS - serverS, 's');
  const { lateMs, drawMs } = await notedOf(page);
  report('page.arriving.drawn.p50', quantile(lateMs, 0.5), 'ms');
  report('page.arriving.drawn.p99', quantile(lateMs, 0.99), 'ms');
  report('page.arriving.drawn.most', Math.max(...lateMs), 'ms');
  report('page.arriving.pictures', drawMs.length / SECONDS, '1/s');
  report('page.arriving.heap.before', before, 'MiB');
  report('page.arriving.heap.most', Math.max(...heaps), 'MiB');
  report('page.arriving.heap.after', await heapMiB(session), 'MiB');
  const skipped = await page.getByRole('button', { name: /^Status/ }).innerText();
  remark(`status: ${skipped.replaceAll('\n', ' ')}`);
  remark(`heap every ${SAMPLE_MS / 1000} s: ${heaps.map(Math.round).join(' ')} MiB`);
  await page.close();
  await source.end();
}

/** What `sample` says every so often until it is over. */
async function during(work: Promise<void>, sample: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  const over = work.then(() => true);
  while (!(await Promise.race([over, new Promise<false>(resolve => setTimeout(resolve, SAMPLE_MS, false))])))
    samples.push(await sample());
  return samples;
}

const executablePath = chromiumPath();
if (executablePath === undefined) {
  remark('page: left out, it needs Chromium (Debian package chromium)');
} else {
  remarkLoad('before');
  const folder = await buildMeasuredPage();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    await measureView(browser, folder);
    await measureArriving(browser, folder);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  remarkLoad('after');
}
