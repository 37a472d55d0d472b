/**
 * Packets of one kind, on one way of one conversation, that nothing sets apart: one line for all of them. A run is written as soon as
 * something else happens, and otherwise a few seconds after it began, so that somebody who watches a long transfer sees it go on.
 */
import type { Journey } from '../../model/journey.ts';
import { quantile } from '../../store/latencies.ts';
import { bytes } from '../../words/counts.ts';
import { duration } from '../../words/times.ts';

export type RunKind = 'data' | 'ack' | 'udp' | 'echo request' | 'echo reply';

const RUN_NS = 5_000_000_000n;

export interface Run {
  readonly kind: RunKind;
  first: Journey;
  last: Journey;
  bytes: number;
  readonly durations: number[];
}

/** What it is one of many of; undefined for what is always worth a line: a SYN, a FIN, a RST, DNS, ARP, an ICMP error, a fragment. */
export function runKind({ proto, packet }: Journey): RunKind | undefined {
  if (packet.frag !== undefined || packet.dns !== undefined) return undefined;
  if (proto === 'tcp') {
    if (/[SFR]/.test(packet.tcp?.flags ?? '')) return undefined;
    return (packet.payloadBytes ?? 0) > 0 ? 'data' : 'ack';
  }
  if (proto === 'udp') return 'udp';
  const type = `${proto} ${packet.icmp?.type}`;
  if (type === 'icmp 8' || type === 'icmpv6 128') return 'echo request';
  return type === 'icmp 0' || type === 'icmpv6 129' ? 'echo reply' : undefined;
}

export class Runs {
  readonly #runs = new Map<string, Run>();

  add(journey: Journey, way: string, kind: RunKind): void {
    const key = `${journey.flow} ${way} ${kind}`;
    const run = this.#runs.get(key) ?? { kind, first: journey, last: journey, bytes: 0, durations: [] };
    if (BigInt(journey.startNs) < BigInt(run.first.startNs)) run.first = journey;
    if (BigInt(journey.startNs) > BigInt(run.last.startNs)) run.last = journey;
    run.bytes += journey.packet.payloadBytes ?? 0;
    run.durations.push(journey.durationNs);
    this.#runs.set(key, run);
  }

  /** Those that began too long ago. `nowNs` is of the kernel's monotonic clock. */
  hasOld(nowNs: bigint): boolean {
    for (const { first } of this.#runs.values()) return nowNs - BigInt(first.startNs) > RUN_NS;
    return false;
  }

  /** All of them, in order of their first packets; none is left. */
  take(): Run[] {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    // They close in another order.
    return runs.sort((a, b) => Number(BigInt(a.first.startNs) - BigInt(b.first.startNs)));
  }
}

const words: Readonly<Record<RunKind, string>> = {
  data: 'data packets',
  ack: 'ACKs',
  udp: 'UDP packets',
  'echo request': 'echo requests',
  'echo reply': 'echo replies',
};

const ends: Partial<Record<Journey['outcome']['kind'], string>> = {
  delivered: 'all delivered',
  transmitted: 'all left this kernel',
  consumed: 'all arrived',
};

/** `until`: when the last of them was sent. */
export function runText({ kind, first, bytes: sum, durations }: Run, until: string): string {
  const sorted = [...durations].sort((a, b) => a - b);
  const size = kind === 'data' || kind === 'udp' ? `, ${bytes(sum)}` : '';
  const latency = `p50 ${duration(quantile(sorted, 0.5))}, p99 ${duration(quantile(sorted, 0.99))}`;
  return `${durations.length} ${words[kind]} until ${until}${size}, ${latency}, ${ends[first.outcome.kind] ?? ''}`;
}
