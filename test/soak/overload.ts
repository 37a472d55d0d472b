/**
 * `npm run overload -- [MINUTES]` (10 unless told otherwise), as root: a daemon that follows everything, and as many packets across nodes
 * as two CPUs can send (floods of echo requests, data without an end), with a request now and then. Memory must be flat, every
 * event accounted for, and nothing called complete that is not; and when it is over, all is told again.
 */
import { setTimeout as after } from 'node:timers/promises';
import { execa } from 'execa';
import { labDown } from '../../src/lab/down.ts';
import { enterArgv } from '../../src/lab/enter.ts';
import { labTarget } from '../../src/lab/status.ts';
import { labUp } from '../../src/lab/up.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import { isLie, print, SoakedDaemon } from './daemon.ts';

const minutes = Number(process.argv[2] ?? 10);
const lab = `load${process.pid}`;
const PINGS = 30;
const PORT = 7200;

const daemon = new SoakedDaemon();
const { signal } = daemon.stop;
const seen = { journeys: 0, complete: 0, lies: 0, short: 0, requests: 0 };

function inPod(pod: string, ...argv: string[]) {
  const [file, ...args] = enterArgv(labTarget(lab, pod), argv);
  return execa(file, args, { reject: false, stdin: 'ignore', cancelSignal: signal });
}

/** Devices on a way, as seen when there was time for each packet. */
const devicesOn = new Map<string, number>();
const wayOf = ({ proto, from, to }: JourneyVersion): string => `${proto} ${from.ip} ${to.ip}`;
const devicesOf = ({ hops }: JourneyVersion): number =>
  hops.filter(({ layer, inferred }) => layer === 'device' && inferred !== true).length;

function judge(journey: JourneyVersion, isReference: boolean): void {
  const known = devicesOn.get(wayOf(journey));
  if (isReference && journey.complete) devicesOn.set(wayOf(journey), devicesOf(journey));
  if (isReference) return;
  seen.journeys++;
  if (!journey.complete) return;
  seen.complete++;
  if (isLie(journey)) seen.lies++;
  if (known !== undefined && journey.links.length === 0 && known !== devicesOf(journey)) seen.short++;
}

async function listen(): Promise<{ load(): void }> {
  let isReference = true;
  const client = await daemon.connect();
  client.on('message', data => {
    const message = JSON.parse(String(data));
    if (message.type === 'journeys')
      for (const journey of message.items as JourneyVersion[])
        if (journey.closedBy !== undefined) judge(journey, isReference);
  });
  client.send(JSON.stringify({ type: 'subscribe', topics: ['journeys'] }));
  return {
    load() {
      isReference = false;
    },
  };
}

const floods = [
  ['pod-a', '10.244.2.7'],
  ['nginx-3', '10.244.1.6'],
] as const;

const sink = `require('node:net').createServer(c => c.resume()).listen(${PORT})`;
const pourInto = (ip: string): string => `exec cat /dev/zero > /dev/tcp/${ip}/${PORT}`;

async function main(): Promise<void> {
  await labUp({ name: lab });
  await daemon.start(['any', 'any', '--memory', '32']);
  const listener = await listen();
  void inPod('nginx-2', process.execPath, '-e', sink);
  for (const [pod, ip] of floods) await inPod(pod, 'ping', '-q', '-c3', '-i0.2', ip);
  await within(20_000, async () => devicesOn.size >= 2 * floods.length);
  daemon.check('the ways are known', devicesOn.size >= 2 * floods.length);
  listener.load();
  const jobs = [
    ...floods.map(([pod, ip]) =>
      daemon.repeat(0, async () => void (await inPod(pod, 'ping', '-q', '-f', '-c200000', ip))),
    ),
    daemon.repeat(100, async () => void (await inPod('pod-a', 'bash', '-c', pourInto('10.244.2.7')))),
    daemon.repeat(2_000, async () => {
      await inPod('pod-a', 'curl', '-sS', '-m', '5', 'http://nginx-service/');
      seen.requests++;
    }),
    daemon.repeat(10_000, () => daemon.sample()),
  ];
  await daemon.lives(minutes);
  daemon.stop.abort();
  await Promise.all(jobs);
  const recoveredMs = await recovers();
  print([
    ...(await daemon.figures()),
    ['nothing left out any more, after', recoveredMs / 1000, 's'],
    ['requests meanwhile', seen.requests, 'count'],
    ['journeys told', seen.journeys, 'count'],
    ['journeys told as complete', seen.complete, 'count'],
    ['complete with a gap', seen.lies, 'count'],
    ['complete without a device of the way', seen.short, 'count'],
  ]);
  const { events } = await daemon.ask<Stats>('/api/stats');
  daemon.check('there was more than could be told', events.filtered.sampled > 0);
  daemon.check('complete never lies', seen.lies === 0 && seen.short === 0);
  await daemon.end();
}

async function pingsTold(): Promise<number> {
  const { journeys } = await daemon.ask<{ journeys: readonly JourneyVersion[] }>('/api/journeys?limit=1000');
  return journeys.filter(({ proto, complete }) => proto === 'icmp' && complete).length;
}

/** Until it is so, or too late. @returns ms that it took. */
async function within(ms: number, isSo: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms && !(await isSo())) await after(200);
  return performance.now() - startedAt;
}

/** What the kernel side left out, lost or still has in its ring does not change for a second. */
async function isCalm(): Promise<boolean> {
  const counts = async (): Promise<string> => {
    const { events } = await daemon.ask<Stats>('/api/stats');
    return `${events.filtered.sampled} ${events.lost} ${events.unaccounted === 0}`;
  };
  const before = await counts();
  await after(1_500);
  return before.endsWith('true') && before === (await counts());
}

/** Soon after the flood each packet is told again. @returns after how many ms nothing was left out any more. */
async function recovers(): Promise<number> {
  const tookMs = await within(30_000, isCalm);
  daemon.check('it recovers within 30 s', tookMs < 30_000);
  const before = await daemon.ask<Stats>('/api/stats');
  const [file, ...args] = enterArgv(labTarget(lab, 'pod-a'), [
    'ping',
    '-q',
    '-i0.02',
    `-c${PINGS}`,
    '10.244.2.7',
  ]);
  await execa(file, args, { stdin: 'ignore' });
  await within(10_000, async () => (await pingsTold()) >= 2 * PINGS);
  const now = await daemon.ask<Stats>('/api/stats');
  daemon.check('each ping is told, with its answer', (await pingsTold()) >= 2 * PINGS);
  daemon.check('nothing more is lost', now.events.lost === before.events.lost);
  daemon.check('nothing more is left out', now.events.filtered.sampled === before.events.filtered.sampled);
  return tookMs;
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
