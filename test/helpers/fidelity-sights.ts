/**
 * What tcpdump saw (observations) and what the product saw (sights), in one shape, paired, and sorted into packets.
 *
 * An **observation** is one packet at one device in one direction, as tcpdump saw it. Each is paired with the hop of the same
 * device, direction and headers: the k-th with the k-th, at most 1 ms apart. Which observations are of one packet is found
 * without the product: by what no hop changes (ids, sequence numbers, TCP time stamps, payload); packets that are alike to
 * the last bit keep their order on the way, so the k-th at one device is the k-th at the next.
 */
import type { Event } from '../../src/model/event.ts';
import type { Journey } from '../../src/model/journey.ts';
import type { JourneyRecord } from '../../src/model/journey-record.ts';
import { tap } from '../../src/model/layout.generated.ts';
import { innermost } from '../../src/model/tuples.ts';
import type { CapturedPacket } from './capture.ts';
import { headersText, readHeaders } from './fidelity-headers.ts';

/** Two clocks' stamps of the same packet at the same device are less apart. */
const APART_NS = 1_000_000;
/** How long a packet may wait on a CPU's backlog, and how long a virtual CPU may be stopped between the two stamps. */
const BACKLOG_NS = 50_000_000;

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
  /** How much earlier and later than `timeNs` the hop may be. */
  readonly slackNs: readonly [number, number];
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
        slackNs: slackOf(direction, packet.ifindex === loopbackIfindex),
        hop: undefined,
        packet: undefined,
      };
    });
  });
}

/**
 * tcpdump's stamp of a received packet is made when it is put on the CPU's backlog (net.core.netdev_tstamp_prequeue), the
 * tracepoint fires when it is taken off: on a busy CPU that is later. What lo sends is stamped when it is received.
 */
function slackOf(direction: 'tx' | 'rx', loopback: boolean): readonly [number, number] {
  if (direction === 'rx') return [APART_NS, APART_NS + BACKLOG_NS];
  return [loopback ? APART_NS + BACKLOG_NS : APART_NS, APART_NS];
}

const directions: Readonly<Record<number, 'tx' | 'rx'>> = {
  [tap.netDevQueue]: 'tx',
  // Only of the segments of a super-packet that was cut behind net_dev_queue.
  [tap.netDevStartXmit]: 'tx',
  [tap.netifReceiveSkb]: 'rx',
};

export function sightsOf(all: readonly Seen[]): HopSight[] {
  return all.flatMap(seen =>
    seen.record.events.flatMap(event => {
      const direction = directions[event.tap];
      if (direction === undefined) return [];
      const headers = event.headers;
      const text =
        headers === undefined ? 'no headers' : headersText(headers.outer, headers.inner, event.skbLen);
      const place = `${event.netns}/${event.ifindex}/${direction}`;
      return [{ place, text, timeNs: event.timeNs, event, seen, observation: undefined }];
    }),
  );
}

export function groupBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const of = key(item);
    const group = groups.get(of);
    if (group === undefined) groups.set(of, [item]);
    else group.push(item);
  }
  return groups;
}

export const byTime = (a: { readonly timeNs: number }, b: { readonly timeNs: number }) => a.timeNs - b.timeNs;

/**
 * The k-th with the k-th; where one is missing, the next within the time. Where only one packet ever looked like this at this
 * place, time has nothing to tell apart, and a stopped CPU may come between the two stamps. @returns how many pairs are apart.
 */
export function pair(observations: readonly Observation[], sights: readonly HopSight[]): number {
  const bySight = groupBy(sights, sight => `${sight.place} ${sight.text}`);
  const groups = groupBy(observations, o => `${o.place} ${o.text}`);
  let apart = 0;
  for (const [key, group] of groups) {
    const others = (bySight.get(key) ?? []).sort(byTime);
    group.sort(byTime);
    const only = group.length === 1 && others.length === 1 && isNear(group[0]!, others[0]!, BACKLOG_NS);
    const inStep = only || (group.length === others.length && group.every((o, k) => isNear(o, others[k]!)));
    let next = 0;
    for (const observation of group) {
      while (
        !inStep &&
        next < others.length &&
        others[next]!.timeNs < observation.timeNs - observation.slackNs[0]
      )
        next++;
      const sight = others[next];
      if (sight === undefined || !(inStep || isNear(observation, sight))) continue;
      next++;
      observation.hop = sight;
      sight.observation = observation;
      if (!isNear(observation, sight)) apart++;
    }
  }
  untangle(observations, [...groups.values()].flatMap(sideBySide));
  return apart;
}

type Couple = readonly [Observation, Observation];

/**
 * A packet and its retransmission can pass a device in the same microseconds on two CPUs: headers alike but for the TCP time stamp,
 * which the product does not keep. tcpdump and the tap may then have them in different order. Which hop is whose no clock can tell.
 */
function sideBySide(group: readonly Observation[]): Couple[] {
  return group.slice(1).flatMap((second, k) => {
    const first = group[k]!;
    if (first.hop === undefined || second.hop === undefined || first.identity === second.identity) return [];
    const isOneCpu = first.hop.event.cpu === second.hop.event.cpu;
    return !isOneCpu && isNear(first, second.hop) && isNear(second, first.hop) ? [[first, second]] : [];
  });
}

/** Of packets side by side, each hop goes to the packet that the rest of its journey is of, where the clocks do tell. */
function untangle(observations: readonly Observation[], couples: readonly Couple[]): void {
  const unsure = new Set(couples.flat());
  const sure = new Map<string, Set<string>>();
  for (const { hop, identity } of observations.filter(o => !unsure.has(o))) {
    if (hop === undefined) continue;
    const id = hop.seen.journey.id;
    sure.set(id, (sure.get(id) ?? new Set()).add(identity));
  }
  const isOnly = (sight: HopSight, { identity }: Observation) => {
    const identities = sure.get(sight.seen.journey.id);
    return identities?.size === 1 && identities.has(identity);
  };
  for (const [first, second] of couples) {
    const [one, other] = [first.hop!, second.hop!];
    if (!isOnly(one, second) || !isOnly(other, first)) continue;
    first.hop = other;
    second.hop = one;
    one.observation = second;
    other.observation = first;
  }
}

function isNear(observation: Observation, sight: HopSight, moreNs = 0): boolean {
  const laterNs = sight.timeNs - observation.timeNs;
  return laterNs >= -observation.slackNs[0] - moreNs && laterNs <= observation.slackNs[1] + moreNs;
}

/**
 * A super-packet longer than its device takes is cut behind net_dev_queue and before tcpdump (validate_xmit_skb(); lo, when more than
 * 64 KiB are sent at once). @returns the hops of its segments on the same device, for each that was cut.
 */
export function segmentsOf(sights: readonly HopSight[]): Map<HopSight, HopSight[]> {
  const cut = sights.filter(
    s => s.observation === undefined && s.event.gsoSegs > 1 && s.place.endsWith('/tx'),
  );
  const parts = groupBy(
    sights.filter(s => s.event.tap === tap.netDevStartXmit),
    sight => sight.place,
  );
  return new Map(
    cut.map(whole => [
      whole,
      (parts.get(whole.place) ?? []).filter(part => isSegment(part.event, whole.event)),
    ]),
  );
}

function isSegment(part: Event, whole: Event): boolean {
  const x = innermost(whole);
  const y = innermost(part);
  if (x?.tcp === undefined || y?.tcp === undefined) return false;
  const offset = (y.tcp.seq - x.tcp.seq) >>> 0;
  const isSameFlow = x.src === y.src && x.sport === y.sport && x.dport === y.dport;
  const laterNs = part.timeNs - whole.timeNs;
  return isSameFlow && offset + part.skbLen <= whole.skbLen && laterNs >= 0 && laterNs < BACKLOG_NS;
}

export function truePackets(observations: readonly Observation[]): TruePacket[] {
  const packets: TruePacket[] = [];
  for (const group of groupBy(observations, o => o.identity).values()) {
    const stations = [...groupBy(group, o => o.station).values()].map(list => list.sort(byTime));
    const count = Math.max(...stations.map(list => list.length));
    const kth = (k: number) => stations.map(list => list[k]!);
    const ambiguous =
      stations.some(list => list.length !== count) || (count > 1 && !keepsOrder(group, kth, count));
    for (let k = 0; k < (ambiguous ? 1 : count); k++) {
      const packet = { observations: ambiguous ? group : kth(k), ambiguous };
      for (const observation of packet.observations) observation.packet = packet;
      packets.push(packet);
    }
  }
  return packets;
}

/** Packets that are alike stay in order if one CPU handled them all, or if each had arrived before the next was sent. */
function keepsOrder(
  group: readonly Observation[],
  kth: (k: number) => readonly Observation[],
  count: number,
): boolean {
  if (new Set(group.map(o => o.hop?.event.cpu)).size === 1) return true;
  const times = Array.from({ length: count }, (_, k) => kth(k).map(o => o.timeNs));
  return times.every((own, k) => k === 0 || Math.min(...own) > Math.max(...times[k - 1]!));
}
