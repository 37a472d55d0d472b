/**
 * What `nft monitor trace` prints → what each traced packet met in each base chain, in the kernel's order. nft tells a packet's headers once
 * a base chain, and each rule behind them by the trace id alone, which different packets share: so an id means the packet that it
 * told of last.
 */

export interface TracedStep {
  readonly chain: string;
  /** As nft prints it; of a chain's policy absent. */
  readonly text?: string;
  /** "jump KUBE-SERVICES", "accept"; of a policy likewise. */
  readonly verdict: string;
}

/** One packet in one base chain. */
export interface TracedVisit {
  readonly table: string;
  readonly packet: TracedPacket;
  readonly met: TracedStep[];
}

export interface TracedPacket {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
}

const LINE =
  /^trace id (\w+) \w+ (\S+) (\S+) (?:packet: (.*)|rule (.*) \(verdict (.*)\)|policy (\w+).*|verdict (\w+).*)\s*$/;
/** Newest last: what waits to be asked for is seconds old at the most. */
const VISITS_MAX = 4000;
const OPEN_MAX = 1000;

export class RuleTraceBook {
  readonly #isOwn: (table: string) => boolean;
  readonly #visits: TracedVisit[] = [];
  readonly #open = new Map<string, TracedVisit>();

  /** `isOwn`: tables of the tracing itself. */
  constructor(isOwn: (table: string) => boolean) {
    this.#isOwn = isOwn;
  }

  /** Whole lines. */
  add(text: string): void {
    for (const line of text.split('\n')) this.#line(line);
    if (this.#visits.length > VISITS_MAX) this.#visits.splice(0, this.#visits.length - VISITS_MAX);
  }

  /** Those that ended with a verdict for the packet, newest first. */
  of(packet: TracedPacket): readonly TracedVisit[] {
    return this.#visits.filter(visit => isSame(visit.packet, packet) && isEnded(visit)).toReversed();
  }

  #line(line: string): void {
    const [, id, table, chain, headers, text, verdict, policy, only] = LINE.exec(line) ?? [];
    if (id === undefined || table === undefined || chain === undefined || this.#isOwn(table)) return;
    if (headers !== undefined) {
      const packet = packetOf(headers);
      this.#open.delete(id);
      if (packet === undefined) return;
      const visit: TracedVisit = { table, packet, met: [] };
      this.#visits.push(visit);
      this.#open.set(id, visit);
      if (this.#open.size > OPEN_MAX) this.#open.delete(this.#open.keys().next().value!);
      return;
    }
    const said = verdict ?? policy ?? only;
    if (said === undefined) return;
    this.#open.get(id)?.met.push({ chain, ...(text === undefined ? {} : { text }), verdict: said });
  }
}

const isEnded = ({ met }: TracedVisit): boolean => /^(accept|drop|queue)/.test(met.at(-1)?.verdict ?? '');

function isSame(a: TracedPacket, b: TracedPacket): boolean {
  return a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport;
}

/** Undefined: it is no IP packet. */
function packetOf(headers: string): TracedPacket | undefined {
  const word = (name: string): string | undefined => new RegExp(`(?:^| )${name} ([^ ]+)`).exec(headers)?.[1];
  const src = word('ip saddr') ?? word('ip6 saddr');
  const dst = word('ip daddr') ?? word('ip6 daddr');
  if (src === undefined || dst === undefined) return undefined;
  const port = (side: string): number | undefined => {
    const text = word(`(?:tcp|udp|sctp) ${side}`);
    return text === undefined ? undefined : Number(text);
  };
  const [sport, dport] = [port('sport'), port('dport')];
  return {
    src,
    dst,
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
  };
}
