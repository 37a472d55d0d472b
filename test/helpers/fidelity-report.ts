/** The figure that a run prints, and what makes it fail. */
import type { Fidelity } from './fidelity.ts';
import { compareCounters, type DeviceCount, readCounters } from './fidelity-counters.ts';
import { comparePayloads } from './fidelity-payloads.ts';
import { type Run, type RunOptions, runTraffic } from './fidelity-run.ts';
import type { TrafficStep } from './traffic.ts';

/**
 * Not 1: a kernel may keep tracing programs from running while a task that it protects is current, also in a softirq that has
 * interrupted it. Seen on a hardened 6.18: ftrace shows the packet, no BPF program does, none is counted as missed; about one
 * packet in 50,000.
 */
export const TARGET = 0.999;
/** Of packets that are alike to the last bit and overtook each other or were lost, it is only known that each visits a place once. */
const ALIKE_MAX = 0.05;

export function share({ right, observations }: Fidelity): number {
  return observations === 0 ? 0 : right / observations;
}

/** One line, `name value unit …`. */
export function fidelityLine(name: string, run: Run): string {
  const f = run.captured!.fidelity;
  const number = (n: number) => n.toLocaleString('en');
  const percent = (share(f) * 100).toFixed(share(f) === 1 ? 0 : 3);
  const mistakes = [
    `${number(f.missing)} missing`,
    `${number(f.extra)} extra`,
    `${number(f.wrongJoins)} wrong joins`,
    `${number(f.splits)} splits`,
    `${number(run.suspectJoins)} suspect joins`,
    `${number(f.falseDrops)} false drops`,
    `${number(f.shownComplete)} shown complete`,
  ];
  const alike = `${number(f.alike)} of packets alike`;
  const journeys = `${number(f.journeys)} journeys, ${number(f.complete)} complete`;
  return `fidelity.${name} ${percent} % of ${number(f.observations)} observations in one right journey (${journeys}; ${alike}): ${mistakes.join(', ')}`;
}

/** What must not be, in words; empty = the run is good. */
export function failures(run: Run, { atLeast = 10_000 } = {}): string[] {
  const f = run.captured!.fidelity;
  const found: string[] = [];
  if (run.captured!.droppedByKernel > 0)
    found.push(`tcpdump lost ${run.captured!.droppedByKernel} packets: the comparison proves nothing`);
  if (f.observations < atLeast) found.push(`only ${f.observations} observations`);
  if (share(f) < TARGET) found.push(`only ${f.right} of ${f.observations} observations are right`);
  if (f.alike > f.observations * ALIKE_MAX)
    found.push(`${f.alike} of ${f.observations} observations are of packets that nobody can tell apart`);
  const none = {
    wrongJoins: f.wrongJoins,
    suspectJoins: run.suspectJoins,
    falseDrops: f.falseDrops,
    shownComplete: f.shownComplete,
  };
  for (const [kind, count] of Object.entries(none)) if (count > 0) found.push(`${count} ${kind}`);
  if (found.length === 0) return found;
  return [...found, ...Object.entries(f.examples).map(([kind, words]) => `${kind}:\n${words.join('\n')}`)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

/** A run without tcpdump, held against what devices counted, and senders and receivers logged. @returns what disagrees, in words. */
export async function runCounted(
  lab: string,
  steps: readonly TrafficStep[],
  options: RunOptions = {},
): Promise<string[]> {
  const counts: DeviceCount[][] = [];
  const atRest = async (names: readonly string[]) => {
    counts.push(await readCounters(names));
  };
  const run = await runTraffic(lab, steps, { ...options, capture: false, atRest });
  const found: string[] = [];
  const devices = compareCounters(counts[0]!, counts[1]!, run.all, run);
  const wrongDevices = devices.filter(d => !d.agrees);
  if (
    sum(wrongDevices.map(d => Math.abs(d.counted - d.hops))) >
    sum(devices.map(d => d.counted)) * (1 - TARGET)
  )
    for (const d of wrongDevices) found.push(`${d.place}: ${d.counted} packets counted, ${d.hops} hops`);
  const payloads = comparePayloads(run.payloads, run.all);
  const wrongPayloads = payloads.filter(p => p.journeys !== p.sent || p.delivered !== p.received);
  if (wrongPayloads.length > Math.ceil(payloads.length * (1 - TARGET)))
    for (const p of wrongPayloads) found.push(`datagrams ${JSON.stringify(p)}`);
  if (run.suspectJoins > 0) found.push(`${run.suspectJoins} suspect joins`);
  if (run.stats.seen !== run.events + run.stats.lost)
    found.push(`${run.stats.seen} events seen, ${run.events} came, ${run.stats.lost} lost`);
  if (sum(devices.map(d => d.counted)) < 5_000) found.push('hardly any packet was counted');
  const { lost, sampled } = run.stats;
  if (found.length > 0 && lost + sampled > 0)
    found.push(`${lost} events lost, ${sampled} sampled: this machine was too busy for the comparison`);
  if (payloads.length < 100) found.push(`only ${payloads.length} datagrams have a name`);
  return found;
}

/** Observations that no journey has although no loss was told for their time. A run with losses. */
export function unexplained(run: Run): string[] {
  const { observations } = run.captured!;
  const { fromNs, toNs } = run.captured!.fidelity;
  return observations
    .filter(o => o.hop === undefined && o.timeNs >= fromNs && o.timeNs <= toNs)
    .filter(
      o =>
        !run.losses.some(
          loss => loss.fromNs <= o.timeNs + o.slackNs[1] && loss.toNs >= o.timeNs - o.slackNs[0],
        ),
    )
    .map(o => `${o.timeNs} ${o.place} ${o.text}`);
}
