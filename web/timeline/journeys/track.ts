/**
 * What the diagram needs of a journey, made once: when it was where, and how it looked there. Journeys do not change (what is told
 * later is another object with a larger `rev`), so a track is kept for as long as its journey is.
 *
 * A visit is a stay in one namespace. Where a journey is wrapped or unwrapped, what happens to the outer packet in that namespace is a
 * visit of its own: the stack is crossed twice there, once by the packet and once by its wrapping.
 */
import type { AnyJourney, Change, Hop } from '../../../src/model/journey.ts';

/** How a packet looks when it leaves a hop: bits. */
export const look = { dnat: 1, snat: 2, encap: 4 } as const;

/** What happened at a hop that is worth a sign of its own. */
export const mark = {
  none: 0,
  dnat: 1,
  snat: 2,
  undnat: 3,
  unsnat: 4,
  encap: 5,
  decap: 6,
  other: 7,
} as const;

/** How sure the stretch before a hop is. */
export const stretch = { seen: 0, inferred: 1, gap: 2 } as const;

export interface Visit {
  /** Cookie of the namespace, with `#tunnel` for the outer side of a tunnel's end. */
  readonly place: string;
  readonly firstHop: number;
}

export interface Track {
  readonly id: string;
  readonly journey: AnyJourney;
  readonly startNs: number;
  readonly endNs: number;
  /** Dropped, or lost by us. */
  readonly bad: boolean;
  /** Does it go against the order of the stations? */
  readonly back: boolean;
  readonly visits: readonly Visit[];
  /** By hop, ns since the session began. */
  readonly times: Float64Array;
  /** By hop: index in `visits`. */
  readonly visitOf: Uint16Array;
  /** By hop: the station within its visit. */
  readonly stations: readonly string[];
  readonly looks: Uint8Array;
  readonly marks: Uint8Array;
  readonly stretches: Uint8Array;
  /** Journeys with the same visits and stations have the same. */
  readonly way: string;
}

const TUNNEL = '#tunnel';

export const cookieOf = (place: string): string =>
  place.endsWith(TUNNEL) ? place.slice(0, -TUNNEL.length) : place;
export const isTunnelSide = (place: string): boolean => place.endsWith(TUNNEL);

function visitsOf(hops: readonly Hop[]): Pick<Track, 'visits' | 'visitOf'> {
  const ends = new Set(hops.filter(hop => hop.layer === 'tunnel').map(hop => hop.netns.cookie));
  const visits: Visit[] = [];
  const visitOf = new Uint16Array(hops.length);
  for (const [i, hop] of hops.entries()) {
    const { cookie } = hop.netns;
    const outer = ends.has(cookie) && (hop.tunnel !== undefined || hop.layer === 'tunnel');
    const place = outer ? `${cookie}${TUNNEL}` : cookie;
    if (visits.at(-1)?.place !== place) visits.push({ place, firstHop: i });
    visitOf[i] = visits.length - 1;
  }
  return { visits, visitOf };
}

const hookStation = (hook: string, dev: string | undefined): string =>
  hook === 'forward' ? 'forward' : hook === 'input' || hook === 'output' ? 'local' : `hook:${dev ?? ''}`;

/**
 * A station is what both directions meet at the same side: PREROUTING of a device on the way in is POSTROUTING of it on the way back.
 */
function stationOf(hop: Hop, outcome: AnyJourney['outcome'], before: string | undefined): string {
  switch (hop.layer) {
    case 'netfilter':
      return hookStation(hop.stage, hop.dev);
    case 'route':
      return 'forward';
    case 'ipvs':
      return 'ipvs';
    case 'socket':
      return 'socket';
    case 'drop':
      if (outcome.kind === 'dropped' && outcome.at === hop.index && outcome.hook !== undefined)
        return hookStation(outcome.hook, hop.dev);
      return before ?? (hop.dev === undefined ? 'socket' : `dev:${hop.dev}`);
    default:
      return hop.dev === undefined ? (before ?? 'socket') : `dev:${hop.dev}`;
  }
}

function stationsOf({ hops, outcome }: AnyJourney, visitOf: Uint16Array): string[] {
  const stations: string[] = [];
  for (const [i, hop] of hops.entries()) {
    const before = i > 0 && visitOf[i - 1] === visitOf[i] ? stations[i - 1] : undefined;
    stations.push(stationOf(hop, outcome, before));
  }
  return stations;
}

function markOf(change: Change): number {
  switch (change.by) {
    case 'dnat':
    case 'ipvs':
      return mark.dnat;
    case 'snat':
    case 'masquerade':
      return mark.snat;
    case 'undnat':
      return mark.undnat;
    case 'unsnat':
      return mark.unsnat;
    default:
      if (change.field === 'encap') return change.to === undefined ? mark.decap : mark.encap;
      return change.field === 'src' || change.field === 'dst' ? mark.other : mark.none;
  }
}

const hasMark = (hops: readonly Hop[], wanted: number): boolean =>
  hops.some(hop => hop.changes.some(change => markOf(change) === wanted));

/** A reply is born as the backend wrote it: what conntrack undoes later is in force before, also if the packet does not get that far. */
function bornAs({ hops, direction, service }: AnyJourney): number {
  if (direction !== 'reply') return 0;
  const dnat = hasMark(hops, mark.undnat) || (service !== undefined && service.ip !== hops[0]?.tuple?.src);
  return (dnat ? look.dnat : 0) | (hasMark(hops, mark.unsnat) ? look.snat : 0);
}

function after(state: number, happened: number): number {
  if (happened === mark.dnat) return state | look.dnat;
  if (happened === mark.snat) return state | look.snat;
  if (happened === mark.undnat) return state & ~look.dnat;
  if (happened === mark.unsnat) return state & ~look.snat;
  return state;
}

function looksOf(journey: AnyJourney): Pick<Track, 'looks' | 'marks' | 'stretches'> {
  const { hops, gaps } = journey;
  const looks = new Uint8Array(hops.length);
  const marks = new Uint8Array(hops.length);
  const stretches = new Uint8Array(hops.length);
  let state = bornAs(journey);
  let wrapped = hops[0]?.tunnel !== undefined;
  for (const [i, hop] of hops.entries()) {
    for (const change of hop.changes) {
      const happened = markOf(change);
      if (happened === mark.none) continue;
      // A rewrite tells more than the wrapping at the same hop.
      if (marks[i] === mark.none || happened < mark.encap) marks[i] = happened;
      state = after(state, happened);
      if (happened === mark.encap || happened === mark.decap) wrapped = happened === mark.encap;
    }
    looks[i] = state | (wrapped ? look.encap : 0);
    stretches[i] = hop.inferred === true ? stretch.inferred : stretch.seen;
  }
  for (const gap of gaps) {
    const at = gap.after + 1;
    if (at < hops.length) stretches[at] = stretch.gap;
  }
  return { looks, marks, stretches };
}

function makeTrack(journey: AnyJourney, epochNs: bigint): Track {
  const { visits, visitOf } = visitsOf(journey.hops);
  const stations = stationsOf(journey, visitOf);
  const startNs = Number(BigInt(journey.startNs) - epochNs);
  const back = journey.direction === 'reply' || journey.direction === 'related';
  const stops = stations.map((station, i) => `${visitOf[i]}:${station}`).join(' ');
  return {
    id: journey.id,
    journey,
    startNs,
    endNs: startNs + journey.durationNs,
    bad: journey.outcome.kind === 'dropped' || journey.outcome.kind === 'lost',
    times: Float64Array.from(journey.hops, hop => startNs + hop.offsetNs),
    back,
    visits,
    visitOf,
    stations,
    ...looksOf(journey),
    way: `${back ? '<' : '>'} ${visits.map(visit => visit.place).join(' ')} | ${stops}`,
  };
}

/** Tracks of one session. Times are ns since `epochNs` of the kernel's monotonic clock. */
export class Tracks {
  readonly epochNs: bigint;
  readonly #kept = new WeakMap<AnyJourney, Track>();

  constructor(epochNs: bigint) {
    this.epochNs = epochNs;
  }

  /** Nothing for a journey without hops. */
  of(journey: AnyJourney): Track | undefined {
    const kept = this.#kept.get(journey);
    if (kept !== undefined) return kept;
    if (journey.hops.length === 0) return undefined;
    const track = makeTrack(journey, this.epochNs);
    this.#kept.set(journey, track);
    return track;
  }
}
