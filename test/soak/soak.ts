/**
 * `npm run soak -- [MINUTES]` (10 unless told otherwise), as root: a daemon under everything that a busy machine does to it at once.
 * 20 namespaces a minute come and go, each followed while it lives; 10 clients listen, 3 of them never read; the collector is killed every
 * 30 s; traffic all the time. Prints a line every 10 s and `name value unit` at the end; exit code 1 where something grew, was left
 * behind, or was not accounted for.
 */
import { setTimeout as after } from 'node:timers/promises';
import { execa } from 'execa';
import type { WebSocket } from 'ws';
import { labDown } from '../../src/lab/down.ts';
import { enterArgv } from '../../src/lab/enter.ts';
import { labTarget } from '../../src/lab/status.ts';
import { labUp } from '../../src/lab/up.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import { type Figure, isLie, print, SoakedDaemon } from './daemon.ts';
import { namespacesOfKernel } from './figures.ts';

const minutes = Number(process.argv[2] ?? 10);
const lab = `soak${process.pid}`;
const EVERY = { churn: 3_000, kill: 30_000, sample: 10_000 };
const LIVE_NAMESPACES = 4;
/** How much a daemon that is warm may grow: what its store holds is limited to this. */
const MEMORY_MIB = 32;

const daemon = new SoakedDaemon();
const { signal } = daemon.stop;
const seen = { journeys: 0, complete: 0, lies: 0, skipped: 0, kills: 0, namespaces: 0 };
const everything = JSON.stringify({ type: 'subscribe', topics: ['journeys', 'flows', 'topology', 'stats'] });

async function listen(): Promise<WebSocket> {
  const client = await daemon.connect();
  client.on('message', data => {
    const message = JSON.parse(String(data));
    if (message.type === 'skipped') seen.skipped += message.count;
    if (message.type === 'journeys') message.items.forEach(judge);
  });
  client.on(
    'close',
    (code, why) => signal.aborted || daemon.failures.push(`a reader was sent away: ${code} ${why}`),
  );
  client.send(everything);
  return client;
}

function judge(journey: JourneyVersion): void {
  seen.journeys++;
  if (journey.complete) seen.complete++;
  if (isLie(journey)) seen.lies++;
}

/** Says what it wants to hear and never reads; the daemon finds out by itself, and another one comes. */
async function stuck(): Promise<void> {
  const client = await daemon.connect();
  client.send(everything);
  client.pause();
  await new Promise(resolve => {
    client.once('close', resolve);
    signal.addEventListener('abort', resolve);
  });
  client.terminate();
}

/** A namespace with an address that talks to itself, followed by a client that goes without a word. */
async function churn(n: number): Promise<void> {
  const name = `${lab}-${n}`;
  await execa('ip', ['netns', 'add', name]);
  await execa('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  seen.namespaces++;
  const client = await daemon.connect();
  client.send(JSON.stringify({ type: 'follow', request: { src: `netns:${name}`, dst: 'any' } }));
  void execa('ip', ['netns', 'exec', name, 'ping', '-c20', '-i0.1', '127.0.0.1'], {
    reject: false,
    cancelSignal: signal,
  });
  void after(EVERY.churn * LIVE_NAMESPACES, undefined, { signal })
    .catch(() => {})
    .then(() => {
      client.terminate();
      return execa('ip', ['netns', 'del', name], { reject: false });
    });
}

function traffic(): Promise<void>[] {
  const inPod = (...argv: string[]) => {
    const [file, ...args] = enterArgv(labTarget(lab, 'pod-a'), argv);
    return execa(file, args, { reject: false, stdin: 'ignore', cancelSignal: signal });
  };
  return [
    daemon.repeat(200, async () => void (await inPod('curl', '-sS', '-m', '3', 'http://nginx-service/'))),
    daemon.repeat(10, async () => void (await inPod('ping', '-q', '-i0.01', '-c1000', '-W1', '10.244.2.7'))),
  ];
}

async function killCollector(): Promise<void> {
  const collector = daemon.ageMs < EVERY.kill / 2 ? undefined : daemon.collector;
  if (collector === undefined) return;
  process.kill(collector, 'SIGKILL');
  seen.kills++;
}

async function main(): Promise<void> {
  await labUp({ name: lab });
  const namespacesBefore = namespacesOfKernel() ?? 0;
  await daemon.start(['--context', `lab:${lab}`, '--memory', String(MEMORY_MIB)]);
  const listeners = await Promise.all(Array.from({ length: 7 }, listen));
  let n = 0;
  const jobs = [
    ...traffic(),
    ...Array.from({ length: 3 }, () => daemon.repeat(0, stuck)),
    daemon.repeat(EVERY.churn, () => churn(n++)),
    daemon.repeat(EVERY.kill, killCollector),
    daemon.repeat(EVERY.sample, () => daemon.sample()),
  ];
  await daemon.lives(minutes);
  daemon.stop.abort();
  await Promise.all(jobs);
  await after(3_000); // follows of clients that have gone, a collector that may be starting
  await conclude(namespacesBefore);
  for (const listener of listeners) listener.terminate();
  await daemon.end();
}

async function conclude(namespacesBefore: number): Promise<void> {
  const { events } = await daemon.ask<Stats>('/api/stats');
  const { follows } = await daemon.ask<{ follows: readonly { followers: number }[] }>('/api/follows');
  const figures: readonly Figure[] = [
    ...(await daemon.figures()),
    ['namespaces made', seen.namespaces, 'count'],
    ['namespaces of the kernel, more than before', (namespacesOfKernel() ?? 0) - namespacesBefore, 'count'],
    ['collectors killed', seen.kills, 'count'],
    ['journeys told', seen.journeys, 'count'],
    ['journeys told as complete', seen.complete, 'count'],
    ['complete with a gap', seen.lies, 'count'],
    ['changes skipped for readers', seen.skipped, 'count'],
    ['follows left', follows.length, 'count'],
  ];
  print(figures);
  daemon.check('complete never lies', seen.lies === 0);
  daemon.check('only the lab is followed at the end', follows.length === 2);
  daemon.check('each collector that was killed is counted', events.lost >= seen.kills);
}

try {
  await main();
} catch (error) {
  daemon.failures.push(String(error));
} finally {
  daemon.stop.abort();
  await labDown({ name: lab });
}
process.exit(daemon.finish());
