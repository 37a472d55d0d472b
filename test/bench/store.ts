/**
 * What the daemon keeps and sends: journeys a second into the store, the memory that 100,000 of them take and what the store takes it for,
 * journeys a second through a WebSocket to a client in another process, and how soon one is there.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Control } from '../../src/server/control.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { JourneyStore } from '../../src/store/journey-store.ts';
import type { Heard } from './lib/live-reader.ts';
import { quantile, remark, remarkLoad, report } from './lib/report.ts';
import { type Given, Source, type StorePass, type StorePassResult } from './lib/store-pass.ts';

const COUNTS: Readonly<Record<StorePass, number>> = { long: 20_000, short: 5000, whole: 5000 };
const RUNS = 3;
const TOKEN = 'bench';
/** As many as any host sees, and as many as a person looks at. */
const FLOOD = { perSecond: 20_000, ms: 3000 };
const CALM = { perSecond: 500, ms: 3000 };
const STEP_MS = 10;
const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
const script = (name: string): string => fileURLToPath(new URL(`./lib/${name}`, import.meta.url));

function measure(pass: StorePass): StorePassResult {
  const results = Array.from({ length: RUNS }, () => {
    const args = ['--expose-gc', script('store-pass.ts'), pass, String(COUNTS[pass])];
    const said = execFileSync(node[0], [...node.slice(1), ...args], { encoding: 'utf8' });
    return JSON.parse(said) as StorePassResult;
  });
  return results.reduce((best, next) => (next.perSecond > best.perSecond ? next : best));
}

/** Of the kernel there is nothing here. */
const control: Control = {
  session: 'bench',
  isReady: () => true,
  nextSteps: () => [],
  stats: () => ({
    session: 'bench',
    startedAt: '2026-11-20T10:00:00.000000000Z',
    startNs: '0',
    host: { kernel: '', machine: '', cpus: 0 },
    taps: [],
    events: { seen: 0, filtered: { own: 0, sampled: 0 }, lost: 0, malformed: 0, unaccounted: 0 },
    journeys: { closed: 0, open: 0, kept: 0, evicted: 0, filtered: 0 },
    suspectJoins: 0,
    lateEvents: 0,
  }),
  topology: () => ({ rev: 0, places: [], links: [] }),
  follows: () => [],
  follow: () => Promise.reject(new Error('nothing to follow')),
  unfollow: () => Promise.resolve(false),
  lab: () => ({ clusters: [], scenarios: [] }),
  runScenario: () => Promise.reject(new Error('there is no lab')),
  sessionFile: async () => Readable.from([]),
};

async function reader(port: number): Promise<ChildProcess> {
  const args = [...node.slice(1), script('live-reader.ts'), `ws://127.0.0.1:${port}/api/live`, TOKEN];
  const child = spawn(node[0], args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

/** Puts so many a second, as they come from the pipeline, each marked with the time. */
async function put(
  store: JourneyStore,
  given: readonly Given[],
  { perSecond, ms }: typeof FLOOD,
): Promise<number> {
  const startMs = performance.now();
  let n = 0;
  for (let now = startMs; now < startMs + ms; now = performance.now()) {
    for (const due = ((now - startMs) / 1000) * perSecond; n < due; n++) {
      const { journey, record, way } = given[n % given.length]!;
      const marked = { ...journey, id: `${perSecond}-${n}`, summary: String(process.hrtime.bigint()) };
      store.put(marked, record, way);
    }
    await wait(STEP_MS);
  }
  return n;
}

async function stream(
  server: Server,
  store: JourneyStore,
  load: typeof FLOOD,
): Promise<Heard & { put: number }> {
  const given = new Source(1).next();
  const port = await server.listenTcp('127.0.0.1', 0);
  const child = await reader(port);
  const count = await put(store, given, load);
  await wait(500);
  const said = text(child.stdout!);
  child.stdin!.end();
  return { ...(JSON.parse(await said) as Heard), put: count };
}

async function live(load: typeof FLOOD): Promise<Heard & { put: number }> {
  const store = new JourneyStore({ session: 'bench' });
  const server = createServer(control, store, { token: TOKEN });
  try {
    return await stream(server, store, load);
  } finally {
    await server.close();
  }
}

remarkLoad('before');
for (const pass of ['long', 'short', 'whole'] as const) {
  const { perSecond, heapBytes, estimatedBytes } = measure(pass);
  const of100k = 100_000 / COUNTS[pass] / 1048576;
  if (pass !== 'whole') report(`store.put.${pass}`, perSecond, 'journeys/s');
  report(`store.memory.${pass}`, heapBytes * of100k, 'MiB/100000');
  if (pass !== 'whole') report(`store.estimate.${pass}`, (100 * estimatedBytes) / heapBytes, '%');
}
const flood = await live(FLOOD);
remark(`${flood.put} journeys put at ${FLOOD.perSecond}/s, ${flood.skipped} skipped and told so`);
report('live.throughput', flood.journeys / (FLOOD.ms / 1000), 'journeys/s');
const calm = await live(CALM);
remark(`${calm.put} journeys put at ${CALM.perSecond}/s, ${calm.journeys} heard, ${calm.skipped} skipped`);
report('live.latency.p50', quantile(calm.latenciesMs, 0.5), 'ms');
report('live.latency.p99', quantile(calm.latenciesMs, 0.99), 'ms');
remarkLoad('after');
