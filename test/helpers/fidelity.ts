/** Journeys against what tcpdump saw, device by device, as sequences: fidelity-sights.ts says what is compared with what. */
import {
  byTime,
  groupBy,
  type HopSight,
  type Observation,
  pair,
  type Seen,
  segmentsOf,
  sightsOf,
  type TruePacket,
  truePackets,
} from './fidelity-sights.ts';

/** Mistakes of a kind that are told in words. */
const EXAMPLES = Number(process.env.FIDELITY_EXAMPLES ?? 3);

export interface Fidelity extends CompareOptions {
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
  /** Observations of packets that cannot be told from their equals. */
  readonly alike: number;
  readonly journeys: number;
  readonly complete: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Pairs whose stamps are more than 1 ms apart. */
  readonly apart: number;
  /** A few of each kind of mistake, in words. */
  readonly examples: Readonly<Record<string, readonly string[]>>;
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
  const apart = pair(captured, sights);
  const packets = truePackets(observations);
  const judge = new Judge(components(all));
  for (const group of groupBy(sights.filter(within), sight => sight.seen.journey.id).values())
    judge.journey(group);
  for (const packet of packets) judge.packet(packet);
  const outcomes: Record<string, number> = {};
  for (const { journey } of all) outcomes[journey.outcome.kind] = (outcomes[journey.outcome.kind] ?? 0) + 1;
  for (const observation of observations) judge.observation(observation);
  const segments = segmentsOf(sights);
  for (const sight of sights.filter(within)) judge.sight(sight, segments.get(sight) ?? []);
  return {
    fromNs,
    toNs,
    observations: observations.length,
    right: judge.right,
    missing: judge.count('missing'),
    extra: judge.count('extra'),
    wrongJoins: judge.count('wrongJoins'),
    splits: judge.count('splits'),
    falseDrops: judge.count('falseDrops'),
    shownComplete: judge.count('shownComplete'),
    alike: packets.reduce((sum, p) => sum + (p.ambiguous ? p.observations.length : 0), 0),
    journeys: all.length,
    complete: all.filter(({ journey }) => journey.complete).length,
    outcomes,
    apart,
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

  /** `segments`: what it was cut into before tcpdump saw it. */
  sight(sight: HopSight, segments: readonly HopSight[]): void {
    if (sight.observation !== undefined) return;
    if (segments.length === 0) this.#mistake('extra', () => describeHop(sight));
    const kin = new Set([sight, ...segments].map(({ seen }) => this.#component.get(seen.journey.id)));
    if (kin.size > 1) this.#mistake('splits', () => [sight, ...segments].map(describeHop).join('\n  '));
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
