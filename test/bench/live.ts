/**
 * From the kernel to a client of the live stream, through the real daemon: how long after the time at which a journey was over (kernel time of
 * its last hop and the closing rule) it has arrived at a WebSocket client in another process. While nothing else passes, and while
 * 1,000 and 10,000 packets a second of another conversation are followed as well.
 *
 * `live.closed.*` is of pings, picked by the client's filter: somebody who looks at his own conversation on a busy node. `live.all.*` is of
 * whatever a client without a filter gets; what it is too slow for is skipped, and counted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { BenchLab } from './lib/bench-lab.ts';
import type { Arrivals } from './lib/closing-reader.ts';
import { quantile, remark, remarkLoad, report } from './lib/report.ts';
import { loadWay, udpLoad } from './lib/udp-load.ts';

const RATES = [0, 1_000, 10_000];
const LOAD_MS = 6_000;
const PINGS = 200;
const PING_EVERY_S = 0.025;
const pinged = { name: 'nginx-1', address: '10.244.1.6' };
const tracerPath = fileURLToPath(new URL('../../bin/tracer', import.meta.url));
const readerPath = fileURLToPath(new URL('./lib/closing-reader.ts', import.meta.url));

class Reader {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(socket: string, filter: object): Promise<Reader> {
    const token = readFileSync(`${socket}.token`, 'utf8').trim();
    const args = ['--disable-warning=ExperimentalWarning', readerPath, socket, token, JSON.stringify(filter)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    return new Reader(child);
  }

  async end(): Promise<Arrivals> {
    const said = text(this.#child.stdout!);
    this.#child.stdin!.end();
    return JSON.parse(await said) as Arrivals;
  }
}

/** Follows all of pod-a. */
async function withDaemon(lab: BenchLab, use: (socket: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-bench-'));
  const socket = join(folder, 'tracer.sock');
  const args = ['daemon', '--socket', socket, '--port', '0', '--context', lab.context, loadWay.from, 'any'];
  const child = spawn(tracerPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('exit', code => reject(new Error(`the daemon ended with ${code}`)));
      child.stderr.on('data', (said: Buffer) => said.includes('the API: ') && resolve());
    });
    await use(socket);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'close');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ping(lab: BenchLab): Promise<void> {
  const argv = ['ping', '-q', '-c', String(PINGS), '-i', String(PING_EVERY_S), pinged.address];
  await once(lab.spawn(loadWay.from, argv, 'ignore'), 'close');
}

async function measure(lab: BenchLab, socket: string, rate: number, isFiltered: boolean): Promise<void> {
  const name = `live.${isFiltered ? 'closed' : 'all'}.${rate}`;
  const reader = await Reader.start(socket, isFiltered ? { q: pinged.address } : {});
  const load = rate === 0 ? undefined : udpLoad(lab, LOAD_MS, rate);
  await ping(lab);
  await load;
  await new Promise(resolve => setTimeout(resolve, 500));
  const { beyondMs, skipped } = await reader.end();
  if (isFiltered && beyondMs.length < 2 * PINGS)
    remark(`${name}: ${beyondMs.length} of ${2 * PINGS} arrived`);
  report(`${name}.p50`, quantile(beyondMs, 0.5), 'ms');
  report(`${name}.p99`, quantile(beyondMs, 0.99), 'ms');
  if (!isFiltered) report(`${name}.arrived`, beyondMs.length / (beyondMs.length + skipped), 'ratio');
}

remarkLoad('before');
await BenchLab.with('live', async lab => {
  await udpLoad(lab, 200);
  await withDaemon(lab, async socket => {
    for (const isFiltered of [true, false])
      for (const rate of RATES) await measure(lab, socket, rate, isFiltered);
  });
});
remarkLoad('after');
