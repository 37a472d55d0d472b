/**
 * What tracing costs traffic that is not followed, and traffic that is: UDP packets per second from a pod to a pod on the other
 * node, untraced and in other ways. The ways take turns in short slices, so that what else the machine does falls on
 * all of them; a ratio is the median of the ratios within a round.
 */
import { spawn } from 'node:child_process';
import { Collector } from '../../src/collect/collector.ts';
import { netnsPath } from '../../src/lab/commands.ts';
import { labTarget } from '../../src/lab/status.ts';
import { BenchLab } from './lib/bench-lab.ts';
import { FollowRun, type FollowSummary, loadedTaps } from './lib/follow-run.ts';
import { median, remark, remarkLoad, report } from './lib/report.ts';
import { loadWay, udpLoad } from './lib/udp-load.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
const SLICE_MS = 700;
const STEADY_RATE = 20_000;
const STEADY_MS = 5000;
/** By then taps rest that are of no use before a followed packet was seen. */
const SETTLE_MS = 1500;
const UNDISTURBED_TRIES = 20;
const FREE_MS = 120_000;

interface Way {
  readonly name: string;
  /** @returns what ends it. */
  readonly start: (lab: BenchLab) => Promise<() => Promise<FollowSummary | undefined>>;
}

const ways: readonly Way[] = [
  { name: 'untraced', start: async () => async () => undefined },
  { name: 'follow_other', start: lab => startFollow(lab, loadWay.from, 'nginx-3') },
  { name: 'follow_other_busy', start: lab => startBusy(lab, loadWay.from, 'nginx-3') },
  { name: 'follow_other_service', start: lab => startFollow(lab, 'nginx-1', 'nginx-service') },
  { name: 'attached_idle', start: startIdle },
  { name: 'follow_everything', start: lab => startFollow(lab, 'any', 'any') },
  { name: 'tcpdump_one_device', start: startTcpdump },
];

async function startFollow(lab: BenchLab, src: string, dst: string) {
  const run = await FollowRun.start(['--context', lab.context, src, dst]);
  return () => run.stop();
}

/** The other conversation has packets of its own: 20 a second. */
async function startBusy(lab: BenchLab, src: string, dst: string) {
  const stop = await startFollow(lab, src, dst);
  const ping = lab.spawn(src, ['ping', '-q', '-i', '0.1', '10.244.2.8'], 'ignore');
  return async () => {
    ping.kill('SIGINT');
    await new Promise(resolve => ping.once('close', resolve));
    return stop();
  };
}

/** The taps attached and nothing asked of them. */
async function startIdle() {
  const { collector } = await Collector.start({ onFrame: () => {}, onDied: error => remark(error.message) });
  return async () => {
    await collector.stop();
    return undefined;
  };
}

async function startTcpdump(lab: BenchLab) {
  const { netns } = labTarget(lab.name, 'node-1');
  const argv = [`--net=${netnsPath(netns)}`, 'tcpdump', '-Z', 'root', '-i', 'eth0', '-w', '/dev/null'];
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>(resolve => {
    child.stderr.on('data', (text: Buffer) => text.includes('listening on') && resolve());
  });
  return async () => {
    child.kill('SIGINT');
    await new Promise(resolve => child.once('close', resolve));
    return undefined;
  };
}

interface Slice {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly lost: number;
}

/** Again if somebody else's taps were there: their cost would be counted as ours. */
async function slice(lab: BenchLab, way: Way): Promise<Slice> {
  for (let tries = 0; tries < UNDISTURBED_TRIES; tries++) {
    await noTaps();
    const stop = await way.start(lab);
    const own = loadedTaps();
    if (own !== '') await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
    const { perSecond, perCpuSecond } = await udpLoad(lab, SLICE_MS);
    const isUndisturbed = loadedTaps() === own && (own === '' || own.split(' ').length === 2);
    const summary = await stop();
    if (isUndisturbed) return { perSecond, perCpuSecond, lost: summary?.lost ?? 0 };
    remark(`${way.name}: another tracer came in between, once more`);
  }
  throw new Error('other tracers are at work on this machine all the time');
}

/** The kernel frees programs a moment after their process has gone. */
async function noTaps(): Promise<void> {
  const startedAt = performance.now();
  while (loadedTaps() !== '') {
    if (performance.now() - startedAt > FREE_MS) throw new Error('another tracer is at work on this machine');
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function compare(lab: BenchLab): Promise<void> {
  const slices = new Map<string, Slice[]>(ways.map(way => [way.name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const turned = [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)];
    for (const way of turned) slices.get(way.name)!.push(await slice(lab, way));
    remark(
      `round ${round + 1}: ${ways.map(({ name }) => `${name} ${Math.round(slices.get(name)!.at(-1)!.perSecond)}`).join(', ')}`,
    );
  }
  const untraced = slices.get('untraced')!;
  for (const { name } of ways) {
    const own = slices.get(name)!;
    report(`udp.${name}`, median(own.map(({ perSecond }) => perSecond)), 'packets/s');
    if (name === 'untraced') continue;
    const ratioOf = (key: 'perSecond' | 'perCpuSecond'): number =>
      median(own.map((each, round) => each[key] / untraced[round]![key]));
    report(`udp.${name}.ratio`, ratioOf('perSecond'), 'ratio');
    report(`udp.${name}.ratio_cpu`, ratioOf('perCpuSecond'), 'ratio');
  }
  const lost = slices.get('follow_everything')!.map(each => each.lost);
  report('udp.follow_everything.lost', median(lost), 'events');
}

/** At a rate that must be kept up with. */
async function steady(lab: BenchLab): Promise<void> {
  const run = await FollowRun.start(['--context', lab.context, 'any', 'any']);
  const load = await udpLoad(lab, STEADY_MS, STEADY_RATE);
  const { shown, lost, peakMiB } = await run.stop();
  report('steady.sent', load.sent / (STEADY_MS / 1000), 'packets/s');
  report('steady.received', load.received / (STEADY_MS / 1000), 'packets/s');
  report('steady.shown', shown / load.sent, 'ratio');
  report('steady.lost', lost, 'events');
  report('steady.memory', peakMiB, 'MiB');
}

remarkLoad('before');
await BenchLab.with('udp', async lab => {
  await udpLoad(lab, 200); // neighbours and conntrack entries are there from now on
  await compare(lab);
  await steady(lab);
});
remarkLoad('after');
