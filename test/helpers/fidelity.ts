/**
 * Journeys against what tcpdump saw, device by device, as sequences.
 *
 * An **observation** is one packet at one device in one direction, as tcpdump saw it. Each is paired with the hop of the same
 * device, direction and headers: the k-th with the k-th, at most 1 ms apart. Which observations are of one packet is found
 * without the product: by what no hop changes (ids, sequence numbers, TCP time stamps, payload); packets that are alike to
 * the last bit keep their order on the way, so the k-th at one device is the k-th at the next.
 */
import type { Event, NetworkLayer } from '../../src/model/event.ts';
import type { Journey } from '../../src/model/journey.ts';
import type { JourneyRecord } from '../../src/model/journey-record.ts';
import { tap } from '../../src/model/layout.generated.ts';
import { innermost } from '../../src/model/tuples.ts';
import type { CapturedPacket } from './capture.ts';
import { headersText, readHeaders } from './fidelity-headers.ts';

/** Two clocks' stamps of the same packet at the same device are less apart. */
const APART_NS = 1_000_000;
/** How long a packet may wait on a CPU's backlog. */
const BACKLOG_NS = 50_000_000;
/** Mistakes of a kind that are told in words. */
const EXAMPLES = Number(process.env['FIDELITY_EXAMPLES'] ?? 5);

export interface Seen {
  readonly journey: Journey;
  readonly record: JourneyRecord;
}

export interface Observation {
  readonly netns: number;
  /** netns/ifindex/direction. */
  readonly place: string;
  readonly text: string;
  /** Session time. */
  readonly timeNs: number;
  readonly identity: string;
  /** Place, and what tells two visits of it apart. */
  readonly station: string;
  readonly datagram: string | undefined;
  readonly layer: NetworkLayer;
  hop: HopSight | undefined;
  packet: TruePacket | undefined;
}

export interface HopSight {
  readonly place: string;
  readonly text: string;
  readonly timeNs: number;
  readonly event: Event;
  readonly seen: Seen;
  observation: Observation | undefined;
}

/** Observations that are of one packet, as tcpdump tells. */
export interface TruePacket {
  readonly observations: Observation[];
  /** Its observations cannot be told from those of its equals. */
  readonly ambiguous: boolean;
}

export interface Fidelity {
  readonly observations: number;
  /** In exactly one journey (or several that are linked), together with nothing foreign. */
  readonly right: number;
  readonly missing: number;
  readonly extra: number;
  /** Journeys that hold two packets. */
  readonly wrongJoins: number;
  /** Packets that lie in several journeys that no link joins. */
  readonly splits: number;
  readonly falseDrops: number;
  readonly shownComplete: number;
  readonly ambiguous: number;
  readonly journeys: number;
  readonly complete: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly apartNs: number;
  /** A few of each kind of mistake, in words. */
  readonly examples: Readonly<Record<string, readonly string[]>>;
}

export interface ObservationOptions {
  readonly cookies: ReadonlyMap<string, number>;
  /** CLOCK_REALTIME at session time 0. */
  readonly realtimeNs: bigint;
  readonly loopbackIfindex?: number;
}

export function observationsOf(
  packets: readonly CapturedPacket[],
  { cookies, realtimeNs, loopbackIfindex = 1 }: ObservationOptions,
): Observation[] {
  return packets.flatMap(packet => {
    const headers = readHeaders(packet.bytes, packet.protocol);
    const netns = cookies.get(packet.netns);
    if (headers === undefined || netns === undefined) return [];
    const timeNs = Number(packet.timeNs - realtimeNs);
    // capture.ts: what lo sends is known from what it receives.
    const directions = packet.ifindex === loopbackIfindex ? (['tx', 'rx'] as const) : [packet.direction];
    return directions.map(direction => {
      const layer = headers.inner ?? headers.outer;
      const place = `${netns}/${packet.ifindex}/${direction}`;
      return {
        netns,
        place,
        text: headersText(headers.outer, headers.inner, packet.lenBytes),
        timeNs,
        identity: headers.identity,
        station: `${place} ${layer.ttl ?? ''} ${headers.inner === undefined ? '' : 'in tunnel'}`,
        datagram:
          layer.fragment === undefined ? undefined : `${layer.family} ${layer.proto} ${layer.fragment.id}`,
        layer,
        hop: undefined,
        packet: undefined,
      };
    });
  });
}

export function sightsOf(all: readonly Seen[]): HopSight[] {
  return all.flatMap(seen =>
    seen.record.events.flatMap(event => {
      const direction =
        event.tap === tap.netDevQueue ? 'tx' : event.tap === tap.netifReceiveSkb ? 'rx' : undefined;
      if (direction === undefined) return [];
      const headers = event.headers;
      const text =
        headers === undefined ? 'no headers' : headersText(headers.outer, headers.inner, event.skbLen);
      const place = `${event.netns}/${event.ifindex}/${direction}`;
      return [{ place, text, timeNs: event.timeNs, event, seen, observation: undefined }];
    }),
  );
}

function groupBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const of = key(item);
    const group = groups.get(of);
    if (group === undefined) groups.set(of, [item]);
    else group.push(item);
  }
  return groups;
}

const byTime = (a: { readonly timeNs: number }, b: { readonly timeNs: number }) => a.timeNs - b.timeNs;

/** The k-th with the k-th; where one is missing, the next within the time. @returns the largest distance. */
function pair(observations: readonly Observation[], sights: readonly HopSight[]): number {
  const bySight = groupBy(sights, sight => `${sight.place} ${sight.text}`);
  let apartNs = 0;
  for (const [key, group] of groupBy(observations, o => `${o.place} ${o.text}`)) {
    const others = (bySight.get(key) ?? []).sort(byTime);
    group.sort(byTime);
    const inStep = group.length === others.length && group.every((o, k) => isNear(o, others[k]!));
    let next = 0;
    for (const observation of group) {
      while (!inStep && next < others.length && others[next]!.timeNs < observation.timeNs - APART_NS) next++;
      const sight = others[next];
      if (sight === undefined || !isNear(observation, sight)) continue;
      next++;
      observation.hop = sight;
      sight.observation = observation;
      apartNs = Math.max(apartNs, Math.abs(sight.timeNs - observation.timeNs));
    }
  }
  return apartNs;
}

/**
 * tcpdump's stamp of a received packet is made when it is put on the CPU's backlog (net.core.netdev_tstamp_prequeue), the
 * tracepoint fires when it is taken off: on a busy CPU that is later.
 */
function isNear(observation: Observation, sight: HopSight): boolean {
  const laterNs = sight.timeNs - observation.timeNs;
  const backlogNs = observation.place.endsWith('/rx') ? BACKLOG_NS : 0;
  return laterNs >= -APART_NS && laterNs <= APART_NS + backlogNs;
}

/**
 * A super-packet longer than its device takes is cut behind net_dev_queue and before tcpdump (validate_xmit_skb(); lo, when more than
 * 64 KiB are sent at once): its hop stands for the transmission of each segment. That the segments belong to it, links must say.
 */
function pairSegments(observations: readonly Observation[], sights: readonly HopSight[]): void {
  const wholes = groupBy(
    sights.filter(s => s.observation === undefined && s.event.gsoSegs > 1 && s.place.endsWith('/tx')),
    sight => sight.place,
  );
  if (wholes.size === 0) return;
  for (const observation of observations) {
    if (observation.hop !== undefined || observation.layer.tcp === undefined) continue;
    const whole = wholes.get(observation.place)?.find(sight => isSegment(observation, sight));
    if (whole === undefined) continue;
    observation.hop = whole;
    whole.observation ??= observation;
  }
}

function isSegment({ layer, timeNs }: Observation, { event }: HopSight): boolean {
  const whole = innermost(event);
  if (layer.tcp === undefined || whole?.tcp === undefined) return false;
  const isSameFlow = layer.src === whole.src && layer.sport === whole.sport && layer.dport === whole.dport;
  const offset = (layer.tcp.seq - whole.tcp.seq) >>> 0;
  return isSameFlow && offset + layer.lenBytes <= event.skbLen && Math.abs(timeNs - event.timeNs) < APART_NS;
}

export function truePackets(observations: readonly Observation[]): TruePacket[] {
  const packets: TruePacket[] = [];
  for (const group of groupBy(observations, o => o.identity).values()) {
    const stations = [...groupBy(group, o => o.station).values()].map(list => list.sort(byTime));
    const count = Math.max(...stations.map(list => list.length));
    const ambiguous = stations.some(list => list.length !== count);
    for (let k = 0; k < (ambiguous ? 1 : count); k++) {
      const packet = { observations: ambiguous ? group : stations.map(list => list[k]!), ambiguous };
      for (const observation of packet.observations) observation.packet = packet;
      packets.push(packet);
    }
  }
  return packets;
}

/** Journeys that links join, directly or over others, bear the same number. */
function components(all: readonly Seen[]): Map<string, string> {
  const parent = new Map(all.map(({ journey }) => [journey.id, journey.id]));
  const root = (id: string): string => {
    const above = parent.get(id) ?? id;
    return above === id ? id : root(above);
  };
  for (const { journey } of all)
    for (const link of journey.links) parent.set(root(journey.id), root(link.journey));
  return new Map(all.map(({ journey }) => [journey.id, root(journey.id)]));
}

export interface CompareOptions {
  /** Only what happened in this session time is judged. */
  readonly fromNs: number;
  readonly toNs: number;
}

export function compare(
  captured: readonly Observation[],
  all: readonly Seen[],
  { fromNs, toNs }: CompareOptions,
): Fidelity {
  const within = (item: { readonly timeNs: number }) => item.timeNs >= fromNs && item.timeNs <= toNs;
  const observations = captured.filter(within);
  const sights = sightsOf(all);
  const apartNs = pair(captured, sights);
  pairSegments(captured, sights);
  const packets = truePackets(observations);
  const judge = new Judge(components(all));
  for (const group of groupBy(sights.filter(within), sight => sight.seen.journey.id).values())
    judge.journey(group);
  for (const packet of packets) judge.packet(packet);
  const outcomes: Record<string, number> = {};
  for (const { journey } of all) outcomes[journey.outcome.kind] = (outcomes[journey.outcome.kind] ?? 0) + 1;
  for (const observation of observations) judge.observation(observation);
  for (const sight of sights.filter(within)) judge.sight(sight);
  return {
    observations: observations.length,
    right: judge.right,
    missing: judge.count('missing'),
    extra: judge.count('extra'),
    wrongJoins: judge.count('wrongJoins'),
    splits: judge.count('splits'),
    falseDrops: judge.count('falseDrops'),
    shownComplete: judge.count('shownComplete'),
    ambiguous: packets.filter(packet => packet.ambiguous).length,
    journeys: all.length,
    complete: all.filter(({ journey }) => journey.complete).length,
    outcomes,
    apartNs,
    examples: Object.fromEntries(judge.examples),
  };
}

class Judge {
  right = 0;
  readonly examples = new Map<string, string[]>();
  readonly #counts = new Map<string, number>();
  readonly #component: ReadonlyMap<string, string>;
  readonly #wrongJourneys = new Set<string>();
  readonly #splitPackets = new Set<TruePacket>();

  constructor(component: ReadonlyMap<string, string>) {
    this.#component = component;
  }

  count(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  #mistake(kind: string, words: () => string): void {
    this.#counts.set(kind, this.count(kind) + 1);
    const some = this.examples.get(kind) ?? [];
    if (some.length < EXAMPLES) some.push(words());
    this.examples.set(kind, some);
  }

  /** All hops of one journey. */
  journey(sights: readonly HopSight[]): void {
    const { journey } = sights[0]!.seen;
    const observations = sights.flatMap(sight => sight.observation ?? []);
    const packets = new Set(observations.flatMap(o => o.packet ?? []));
    const stations = new Set(observations.map(o => `${o.identity} ${o.station}`));
    const datagrams = new Set(observations.map(o => o.datagram ?? o.packet));
    // Fragments are put together and cut again on the way; they count as one by the datagram.
    const isOne = packets.size <= 1 || datagrams.size <= 1;
    if (!isOne || stations.size < observations.length) {
      this.#wrongJourneys.add(journey.id);
      this.#mistake('wrongJoins', () => describeJourney(sights));
    }
    const kin = this.#component.get(journey.id);
    const foreign = [...packets].flatMap(packet =>
      packet.ambiguous ? [] : packet.observations.filter(o => this.#componentOf(o) !== kin),
    );
    if (journey.complete && foreign.length > 0)
      this.#mistake('shownComplete', () => `${describeJourney(sights)}\n  lacks ${foreign.map(describe)}`);
    if (journey.outcome.kind !== 'dropped') return;
    const endNs =
      sights[0]!.seen.record.events[0]!.timeNs + (journey.hops[journey.outcome.at]?.offsetNs ?? 0);
    const later = foreign.filter(o => o.timeNs > endNs);
    if (later.length > 0)
      this.#mistake('falseDrops', () => `${describeJourney(sights)}\n  later ${later.map(describe)}`);
  }

  packet(packet: TruePacket): void {
    if (packet.ambiguous) return;
    const kin = new Set(packet.observations.flatMap(o => this.#componentOf(o) ?? []));
    if (kin.size <= 1) return;
    this.#splitPackets.add(packet);
    this.#mistake('splits', () => packet.observations.sort(byTime).map(describe).join('\n  '));
  }

  observation(observation: Observation): void {
    if (observation.hop === undefined) {
      this.#mistake('missing', () => describe(observation));
      return;
    }
    const isWrong = this.#wrongJourneys.has(observation.hop.seen.journey.id);
    const isSplit = observation.packet !== undefined && this.#splitPackets.has(observation.packet);
    if (!isWrong && !isSplit) this.right++;
  }

  sight(sight: HopSight): void {
    if (sight.observation === undefined) this.#mistake('extra', () => describeHop(sight));
  }

  #componentOf(observation: Observation): string | undefined {
    return observation.hop === undefined ? undefined : this.#component.get(observation.hop.seen.journey.id);
  }
}

function describe(o: Observation): string {
  const of = o.hop === undefined ? 'in no journey' : `in #${o.hop.seen.journey.id}`;
  return `${(o.timeNs / 1000).toFixed(1)} µs ${o.place} ${o.text} ${of}`;
}

function describeHop({ timeNs, place, text, event, seen }: HopSight): string {
  const hex = (n: number) => n.toString(16);
  const address = `packet ${hex(event.packet)} skb ${hex(event.skb)} head ${hex(event.head)} cpu ${event.cpu} identity ${event.identity}`;
  return `${(timeNs / 1000).toFixed(1)} µs ${place} ${text} in #${seen.journey.id} ${address}`;
}

function describeJourney(sights: readonly HopSight[]): string {
  const { journey } = sights[0]!.seen;
  const head = `#${journey.id} ${journey.summary} ${JSON.stringify(journey.outcome)} complete=${journey.complete} ${journey.closedBy} ${JSON.stringify(journey.gaps)} ${JSON.stringify(journey.links)}`;
  return [head, ...sights.map(describeHop)].join('\n    ');
}
