/**
 * How many events a second one core takes from bytes to journeys. A steady load is recorded once, as the collector writes it; then each
 * pass reads the file in a process of its own, bound to one CPU: decode alone; with correlation; with names (resolution); printed.
 * By CPU time, so that what else the machine does counts little; the best of some runs, because noise only adds.
 *
 * BENCH_STREAM=FILE keeps the recording there, and takes it from there the next time: the same bytes before and after a change, and for
 * `node --cpu-prof test/bench/lib/pipeline-pass.ts print FILE`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectorProgram } from '../../src/collect/collector.ts';
import { watchCommands } from '../../src/collect/watch.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { BenchLab } from './lib/bench-lab.ts';
import type { Pass, PassResult } from './lib/pipeline-pass.ts';
import { remark, remarkLoad, report } from './lib/report.ts';
import { udpLoad } from './lib/udp-load.ts';

const RATE = 20_000;
const RECORD_MS = 2500;
const RUNS = 3;
const RING_BYTES = 64 * 1024 * 1024;
const passes: readonly Pass[] = ['decode', 'correlate', 'resolve', 'print'];
const passScript = fileURLToPath(new URL('./lib/pipeline-pass.ts', import.meta.url));

/** The collector's stdout while `RATE` packets a second pass from pod to pod and everything is followed. */
async function record(lab: BenchLab, file: string): Promise<void> {
  const out = openSync(file, 'w');
  const collector = spawn(collectorProgram(), ['--ring', String(RING_BYTES)], {
    stdio: ['pipe', out, 'inherit'],
  });
  await contains(file, decoded => decoded.includes('hello'));
  const any = { any: true } as const;
  const commands = [...watchCommands([{ proto: 'any', a: any, b: any }], [8472, 4789]), 'apply 1'];
  collector.stdin!.write(`${commands.join('\n')}\n`);
  await contains(file, decoded => decoded.includes('reply'));
  const load = await udpLoad(lab, RECORD_MS, RATE);
  remark(`recorded ${load.sent} packets, ${load.received} arrived`);
  collector.stdin!.end();
  await once(collector, 'close');
  closeSync(out);
}

async function contains(file: string, isThere: (kinds: readonly string[]) => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (isThere(new Decoder().push(readFileSync(file)).map(frame => frame.kind))) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error('the collector did not get ready');
}

/** Best of some runs of one pass. */
function measure(pass: Pass, file: string): PassResult {
  const bind = cpus().length > 1 ? ['taskset', '-c', '1'] : [];
  const command = [
    ...bind,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    passScript,
    pass,
    file,
  ];
  const results = Array.from({ length: RUNS }, () => {
    const said = execFileSync(command[0]!, command.slice(1), { encoding: 'utf8' });
    return JSON.parse(said) as PassResult;
  });
  return results.reduce((best, next) => (next.cpuSeconds < best.cpuSeconds ? next : best));
}

remarkLoad('before');
const folder = mkdtempSync(join(tmpdir(), 'tracer-bench-'));
try {
  const file = process.env.BENCH_STREAM ?? join(folder, 'stream');
  if (!existsSync(file)) await BenchLab.with('pipe', lab => record(lab, file));
  report('pipeline.recorded', statSync(file).size / 1048576, 'MiB');
  for (const pass of passes) {
    const { events, journeys, cpuSeconds, peakMiB } = measure(pass, file);
    if (pass === 'decode') report('pipeline.events', events, 'events');
    report(`pipeline.${pass}`, events / cpuSeconds, 'events/s');
    if (pass !== 'decode') report(`pipeline.${pass}.journeys`, journeys / cpuSeconds, 'journeys/s');
    report(`pipeline.${pass}.memory`, peakMiB, 'MiB');
  }
} finally {
  rmSync(folder, { recursive: true });
}
remarkLoad('after');
