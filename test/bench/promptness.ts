/**
 * How soon something is to be seen: from the start until the taps are attached and the filter is in force, and from the last hop of a
 * packet until its line is read by whoever reads.
 *
 * A journey is printed when it is over, which silence tells: 5 ms after an end, 20 ms in the stack that the packet was sent to, 100 ms
 * elsewhere. `print.*` is what comes on top: events sorted, heartbeats waited for, names, JSON, the pipe. Both clocks are CLOCK_MONOTONIC.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Collector } from '../../src/collect/collector.ts';
import type { Journey } from '../../src/model/journey.ts';
import { BenchLab } from './lib/bench-lab.ts';
import { closingNs } from './lib/closing-rule.ts';
import { FollowRun } from './lib/follow-run.ts';
import { median, quantile, remark, remarkLoad, report } from './lib/report.ts';
import { loadWay, udpLoad } from './lib/udp-load.ts';

const RUNS = 7;
const LOAD_MS = 5000;
const RATE = 100;
const MS = 1e6;
const tracerPath = fileURLToPath(new URL('../../bin/tracer', import.meta.url));

async function inMs(what: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await what();
  return performance.now() - startedAt;
}

/** The collector alone: loaded, attached, every namespace read, a filter in force. */
async function attach(): Promise<number> {
  let collector: Collector | undefined;
  const ms = await inMs(async () => {
    const died = (error: Error): void => remark(error.message);
    ({ collector } = await Collector.start({ onFrame: () => {}, onDied: died }));
    await collector.watch([{ proto: 'any', a: { any: true }, b: { any: true } }], [8472, 4789]);
  });
  await collector!.stop();
  return ms;
}

/** `tracer follow` as a user starts it, until it says that it follows; hooks of both nodes and all. */
async function start(lab: BenchLab): Promise<number> {
  let run: FollowRun | undefined;
  const ms = await inMs(async () => {
    run = await FollowRun.start(['--context', lab.context, loadWay.from, 'nginx-service']);
  });
  await run!.stop();
  return ms;
}

async function times(name: string, measure: () => Promise<number>): Promise<void> {
  const all: number[] = [];
  for (let run = 0; run < RUNS; run++) all.push(await measure());
  report(name, median(all), 'ms');
}

async function latencies(lab: BenchLab): Promise<number[]> {
  const args = ['follow', '--context', lab.context, loadWay.from, loadWay.to, '-o', 'json'];
  const child = spawn(tracerPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const beyond: number[] = [];
  createInterface({ input: child.stdout }).on('line', line => {
    const readNs = process.hrtime.bigint();
    const journey = JSON.parse(line) as Journey;
    beyond.push(Number(readNs - closingNs(journey)) / MS);
  });
  await new Promise<void>(resolve =>
    child.stderr.on('data', (text: Buffer) => text.includes('tracer: following ') && resolve()),
  );
  const { sent } = await udpLoad(lab, LOAD_MS, RATE);
  child.kill('SIGINT');
  await once(child, 'close');
  if (beyond.length < sent) throw new Error(`only ${beyond.length} of ${sent} packets were printed`);
  return beyond;
}

remarkLoad('before');
await BenchLab.with('soon', async lab => {
  await times('attach.collector', attach);
  await times('attach.follow', () => start(lab));
  await udpLoad(lab, 200);
  const beyond = await latencies(lab);
  report('print.p50', quantile(beyond, 0.5), 'ms');
  report('print.p99', quantile(beyond, 0.99), 'ms');
});
remarkLoad('after');
