/** A daemon that is watched for minutes, and what is found wrong. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Client } from 'undici';
import { WebSocket } from 'ws';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import { attachedBy, childrenOf, stillLoaded, tracerPath } from '../helpers/processes.ts';
import { fdsOf, median, rssMibOf } from './figures.ts';

export interface Sample {
  readonly atMs: number;
  readonly rssMib: number;
  readonly fds: number;
}

export type Figure = readonly [name: string, value: number, unit: string];

export class SoakedDaemon {
  readonly failures: string[] = [];
  readonly samples: Sample[] = [];
  readonly stop = new AbortController();
  readonly #folder = mkdtempSync(join(tmpdir(), 'tracer-soak-'));
  readonly #socket = join(this.#folder, 'tracer.sock');
  readonly #http = new Client('http://localhost', { socketPath: this.#socket });
  readonly #startedAt = performance.now();
  #child: ChildProcess | undefined;

  /** `args` of `tracer daemon`. */
  async start(args: readonly string[]): Promise<void> {
    const child = spawn(tracerPath, ['daemon', '--socket', this.#socket, '--port', '0', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', code => reject(new Error(`the daemon ended with ${code}`)));
      child.stderr.on('data', text => {
        if (/bug in tracer/.test(String(text))) this.failures.push(String(text));
        if (/the API: /.test(String(text))) resolve();
      });
    });
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get collector(): number | undefined {
    return childrenOf(this.pid).find(child => attachedBy(child).length > 0);
  }

  /** Since it was started. */
  get ageMs(): number {
    return performance.now() - this.#startedAt;
  }

  check(what: string, isSo: boolean): void {
    if (!isSo) this.failures.push(what);
  }

  /** Until the end, again and again; what goes wrong in one turn is told. */
  async repeat(everyMs: number, turn: () => Promise<void>): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      await turn().catch((error: unknown) => signal.aborted || this.failures.push(String(error)));
      await after(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  async ask<T>(path: string): Promise<T> {
    const { body, statusCode } = await this.#http.request({
      method: 'GET',
      path,
      headers: { authorization: `Bearer ${this.#token()}` },
    });
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${await body.text()}`);
    return (await body.json()) as T;
  }

  connect(): Promise<WebSocket> {
    const client = new WebSocket(`ws+unix:${this.#socket}:/api/live`, {
      headers: { authorization: `Bearer ${this.#token()}` },
    });
    client.on('error', () => {});
    return new Promise(resolve => client.once('open', () => resolve(client)));
  }

  /** Looks at it and prints a line. */
  async sample(): Promise<void> {
    const sample = { atMs: this.ageMs, rssMib: rssMibOf(this.pid), fds: fdsOf(this.pid) };
    this.samples.push(sample);
    const { events, journeys } = await this.ask<Stats>('/api/stats');
    console.log(
      `${(sample.atMs / 1000).toFixed(0).padStart(4)} s  rss ${sample.rssMib.toFixed(0)} MiB  fds ${sample.fds}  seen ${events.seen}  left out ${events.filtered.sampled}  lost ${events.lost}  unaccounted ${events.unaccounted}  closed ${journeys.closed}  open ${journeys.open}  evicted ${journeys.evicted}`,
    );
  }

  /** Waits so long, or until it dies. */
  async lives(minutes: number): Promise<void> {
    const { signal } = this.stop;
    await Promise.race([
      after(minutes * 60_000, undefined, { signal }),
      new Promise(resolve => this.#child!.once('exit', resolve)),
    ]);
    this.check('the daemon lives', this.#child!.exitCode === null && this.#child!.signalCode === null);
  }

  /** Memory, descriptors and sums, held against what they were when it was warm. */
  async figures(): Promise<Figure[]> {
    // The first third is warming up: code is compiled, the store fills.
    const third = Math.ceil(this.samples.length / 3);
    const warm = this.samples.slice(third);
    const growth = medianRss(warm.slice(third)) / medianRss(warm.slice(0, third));
    const { events, journeys, suspectJoins, taps } = await this.ask<Stats>('/api/stats');
    const { own, sampled } = events.filtered;
    const told = taps.reduce((sum, tap) => sum + tap.events, 0);
    const unaccounted = events.seen - own - sampled - events.lost - events.malformed - told;
    const firstFds = warm[0]?.fds ?? 0;
    const fds = fdsOf(this.pid);
    this.check('memory is flat', this.samples.length < 12 || growth < 1.05);
    this.check('no descriptor is left open', fds <= firstFds + 5);
    this.check('all is accounted for', unaccounted === 0);
    return [
      ['rss at the end', rssMibOf(this.pid), 'MiB'],
      ['rss at most', Math.max(...this.samples.map(({ rssMib }) => rssMib)), 'MiB'],
      ['rss of the last third, of that of the second', growth, 'ratio'],
      ['fds first', firstFds, 'count'],
      ['fds last', fds, 'count'],
      ['events seen', events.seen, 'count'],
      ['events left out', sampled, 'count'],
      ['events lost', events.lost, 'count'],
      ['events unaccounted', unaccounted, 'count'],
      ['journeys closed', journeys.closed, 'count'],
      ['suspect joins', suspectJoins, 'count'],
    ];
  }

  /** Ends it and looks for what it left. */
  async end(): Promise<void> {
    await this.#http.destroy();
    const programs = attachedBy(this.collector ?? this.pid);
    const ended = new Promise(resolve => this.#child!.once('exit', resolve));
    this.#child!.kill('SIGTERM');
    await ended;
    await after(1_000);
    const left = await stillLoaded(programs);
    console.log(`programs left ${left.length} count`);
    this.check('no program is left', left.length === 0);
  }

  /** Whatever happened. @returns the exit code. */
  finish(): number {
    this.stop.abort();
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    for (const failure of this.failures) console.error(`FAILED: ${failure}`);
    return this.failures.length > 0 ? 1 : 0;
  }

  #token(): string {
    return readFileSync(`${this.#socket}.token`, 'utf8').trim();
  }
}

/** A sample may fall right before a collection of garbage, or behind it. */
const medianRss = (samples: readonly Sample[]): number => median(samples.map(({ rssMib }) => rssMib));

/** It is called complete, and something of it is missing. */
export function isLie({ complete, closedBy, outcome, gaps }: JourneyVersion): boolean {
  const isCut =
    gaps.length > 0 || closedBy === 'shutdown' || outcome.kind === 'open' || outcome.kind === 'lost';
  return complete && isCut;
}

export function print(figures: readonly Figure[]): void {
  for (const [name, value, unit] of figures) console.log(`${name} ${Number(value.toFixed(2))} ${unit}`);
}
