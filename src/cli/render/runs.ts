/**
 * Packets of one kind, on one way of one conversation, that nothing sets apart: one line for all of them. A run is written as soon as
 * something else happens, and otherwise a few seconds after it began, so that somebody who watches a long transfer sees it go on.
 */
import type { DnsSummary, Journey } from '../../model/journey.ts';
import { quantile } from '../../store/latencies.ts';
import { bytes } from '../../words/counts.ts';
import { duration } from '../../words/times.ts';

export type RunKind = 'data' | 'ack' | 'udp' | 'echo request' | 'echo reply' | 'dns question' | 'dns nothing';

const RUN_NS = 5_000_000_000n;

export interface Run {
  readonly kind: RunKind;
  first: Journey;
  last: Journey;
  bytes: number;
  readonly durations: number[];
  /** Of DNS: what was asked, or the answer, and for which names. */
  readonly about: Map<string, Set<string>>;
}

/**
 * What it is one of many of; undefined for what is always worth a line: a SYN, a FIN, a RST, an address found by DNS, ARP, an ICMP error, a
 * fragment.
 */
export function runKind({ proto, packet }: Journey): RunKind | undefined {
  if (packet.frag !== undefined) return undefined;
  if (packet.dns !== undefined) return dnsKind(packet.dns);
  if (proto === 'tcp') {
    if (/[SFR]/.test(packet.tcp?.flags ?? '')) return undefined;
    return (packet.payloadBytes ?? 0) > 0 ? 'data' : 'ack';
  }
  if (proto === 'udp') return 'udp';
  const type = `${proto} ${packet.icmp?.type}`;
  if (type === 'icmp 8' || type === 'icmpv6 128') return 'echo request';
  return type === 'icmp 0' || type === 'icmpv6 129' ? 'echo reply' : undefined;
}

/** A resolver goes through its search list: most of what it asks leads to nothing. */
function dnsKind({ rcode, answers }: DnsSummary): RunKind | undefined {
  if (rcode === undefined) return 'dns question';
  const isNothing = rcode === 'NXDOMAIN' || (rcode === 'NOERROR' && answers?.length === 0);
  return isNothing ? 'dns nothing' : undefined;
}

export class Runs {
  readonly #runs = new Map<string, Run>();

  add(journey: Journey, way: string, kind: RunKind): void {
    const { dns } = journey.packet;
    // Each name is asked for by a socket of its own.
    const key = `${dns === undefined ? journey.flow : journey.from.ip} ${way} ${kind}`;
    const run = this.#runs.get(key) ?? newRun(kind, journey);
    if (dns !== undefined) note(run.about, dns);
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

const newRun = (kind: RunKind, first: Journey): Run => ({
  kind,
  first,
  last: first,
  bytes: 0,
  durations: [],
  about: new Map(),
});

/** Questions by name, with the types; answers by what they say, with the names. */
function note(about: Run['about'], { query, type, rcode }: DnsSummary): void {
  const [key, value] =
    rcode === undefined ? [query, type] : [rcode === 'NOERROR' ? `no ${type} of` : rcode, query];
  about.set(key, (about.get(key) ?? new Set()).add(value));
}

function aboutText({ kind, about }: Run): string {
  const parts = [...about].map(([key, values]) =>
    kind === 'dns question' ? `${[...values].join('+')}? ${key}` : `${key} ${[...values].join(', ')}`,
  );
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

const words: Readonly<Record<RunKind, string>> = {
  data: 'data packets',
  ack: 'ACKs',
  udp: 'UDP packets',
  'echo request': 'echo requests',
  'echo reply': 'echo replies',
  'dns question': 'DNS questions',
  'dns nothing': 'DNS answers without an address',
};

const ends: Partial<Record<Journey['outcome']['kind'], string>> = {
  delivered: 'all delivered',
  transmitted: 'all left this kernel',
  consumed: 'all arrived',
};

/** `until`: when the last of them was sent. */
export function runText(run: Run, until: string): string {
  const { kind, first, bytes: sum, durations } = run;
  const sorted = [...durations].sort((a, b) => a - b);
  const size = kind === 'data' || kind === 'udp' ? `, ${bytes(sum)}` : '';
  const latency = `p50 ${duration(quantile(sorted, 0.5))}, p99 ${duration(quantile(sorted, 0.99))}`;
  const end = ends[first.outcome.kind] ?? '';
  return `${durations.length} ${words[kind]} until ${until}${size}, ${latency}, ${end}${aboutText(run)}`;
}
