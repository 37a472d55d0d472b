/**
 * The events of a journey → its hops. One hop an event, and between them the inferred ones: what must have happened for the
 * packet to look different at the next event (a rewrite, a routing decision, a tunnel), with the offset of that event.
 */
import { type Event, isHearsay, type NetworkLayer, type Process } from '../model/event.ts';
import type { Change, ConntrackRef, Hop, Layer, Stage, Tuple } from '../model/journey.ts';
import type { EndRecord, JourneyRecord } from '../model/journey-record.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import { type Changes, changesBeforeBirth, changesBetween } from './changes.ts';
import type { Places } from './places.ts';
import { conntrackTuple, tupleOf } from './protocols.ts';

/** A hop before `index` and `text`. */
export type HopDraft = Omit<Hop, 'index' | 'text' | 'command'>;

const hooks: Readonly<Record<number, string>> = {
  [tap.netDevQueue]: 'net_dev_queue',
  [tap.netDevStartXmit]: 'net_dev_start_xmit',
  [tap.netifReceiveSkb]: 'netif_receive_skb',
  [tap.kfreeSkb]: 'kfree_skb',
  [tap.consumeSkb]: 'consume_skb',
  [tap.copyDatagram]: 'skb_copy_datagram_iovec',
  [tap.groExit]: 'napi_gro_receive_exit',
  [tap.dataReady]: 'sk_data_ready',
  [tap.tcpRetransmit]: 'tcp_retransmit_skb',
  [tap.tcpReset]: 'tcp_send_reset',
  [tap.neighbour]: 'neigh_event_send_done',
};

const CTINFO_REPLY = 3;

export class HopBuilder {
  readonly #places: Places;
  /** Of the journey being built. */
  #events: readonly Event[] = [];

  constructor(places: Places) {
    this.#places = places;
  }

  build(record: JourneyRecord): HopDraft[] {
    const { events } = record;
    const first = events[0]!;
    const hops: HopDraft[] = [];
    if (first === record.origin) this.#beforeBirth(first, hops);
    const inOutput =
      first === record.origin && first.tap === tap.netfilter ? changesBeforeBirth(first, this.#places) : {};
    this.#events = events;
    let before: Event | undefined;
    for (const [index, event] of events.entries()) {
      const changes = before === undefined ? undefined : changesBetween(before, event, this.#places);
      if (before !== undefined && changes !== undefined) this.#between(first, before, event, changes, hops);
      const seen = this.#seen(first, before, event, changes, record.processes.get(index));
      const hop =
        event.tap === tap.netfilter ? atHook(seen, before === undefined ? inOutput : changes) : seen;
      const extra = {
        ...(isSaidElsewhere(record, index) || this.#isRepeated(events, index, hop)
          ? { repeats: true as const }
          : {}),
        ...verdictOf(record.ends.get(index)),
      };
      const isLast = index === events.length - 1;
      const whole = { ...hop, ...layerOf(event, isLast && record.outcome.kind === 'dropped'), ...extra };
      const isEitherEnd = index === 0 || (isLast && record.ends.get(index) === undefined);
      hops.push(isEitherEnd ? withoutRepeats(whole) : whole);
      // An end often has no device any more: the packet is where it was.
      if (event.netns !== 0 && !isHearsay(event)) before = event;
    }
    return hops;
  }

  /** At a bridge, tunnel or far end of a pair, unchanged: the compact form says it in the neighbouring line. */
  #isRepeated(events: readonly Event[], index: number, hop: HopDraft): boolean {
    const event = events[index]!;
    if (hop.changes.some(change => change.field !== 'mac') || event.ifindex === 0) return false;
    if (isFarEnd(events, index, hop)) return true;
    const device = this.#places.device(event.netns, event.ifindex, event.timeNs);
    const neighbour =
      event.tap === tap.netifReceiveSkb
        ? events.slice(0, index).findLast(isDevice)
        : events.slice(index + 1).find(isDevice);
    if (device === undefined || neighbour === undefined) return false;
    if (neighbour.netns !== event.netns || neighbour.tap !== event.tap) return false;
    if (device.kind === 'vxlan')
      return event.headers?.inner === undefined && neighbour.headers?.inner !== undefined;
    const master = this.#places.device(neighbour.netns, neighbour.ifindex, neighbour.timeNs)?.master;
    return device.kind === 'bridge' && master === device.name;
  }

  /** A rewrite in OUTPUT (a process of the node calls a service) precedes the first device. */
  #beforeBirth(first: Event, hops: HopDraft[]): void {
    if (first.tap !== tap.netDevQueue && first.tap !== tap.neighbour) return;
    const { dst, src } = changesBeforeBirth(first, this.#places);
    const layer = innermost(first);
    if (layer === undefined) return;
    const written = withEnds(tupleOf(layer), src?.from, dst?.from);
    if (dst !== undefined)
      hops.push(
        this.#inferred(first, first, 'netfilter', 'output', [dst], withEnds(written, undefined, dst.to)),
      );
    if (src !== undefined)
      hops.push(this.#inferred(first, first, 'netfilter', 'postrouting', [src], tupleOf(layer)));
  }

  #between(first: Event, before: Event, after: Event, changes: Changes, hops: HopDraft[]): void {
    const layer = innermost(before);
    const isHook = after.tap === tap.netfilter; // shows its rewrites itself
    // What is dropped at a hook has been routed, and perhaps translated, since it came.
    const isDropped = after.tap === tap.kfreeSkb && after.netns === before.netns && after.ifindex !== 0;
    if (layer === undefined || !(isDevice(after) || isHook || isDropped || after.tap === tap.neighbour))
      return;
    let tuple = tupleOf(layer);
    if (changes.encap?.from !== undefined)
      hops.push(this.#inferred(first, after, 'tunnel', 'decap', [changes.encap], tuple));
    if (changes.dst !== undefined && !isHook) {
      tuple = withEnds(tuple, undefined, changes.dst.to);
      const inbound = after.tap === tap.netifReceiveSkb ? after : { ...place(before), of: after };
      hops.push(this.#inferred(first, inbound, 'netfilter', 'prerouting', [changes.dst], tuple));
    }
    if (changes.forwarded) hops.push(this.#routed(first, before, after, changes, tuple));
    if (changes.src !== undefined && !isHook)
      hops.push(
        this.#inferred(
          first,
          after,
          'netfilter',
          'postrouting',
          [changes.src],
          withEnds(tuple, changes.src.to, undefined),
        ),
      );
    if (changes.encap?.to !== undefined && changes.encap.from === undefined)
      hops.push(this.#encapsulated(first, before, after, changes.encap));
    if (isBridged(before, after, this.#places))
      hops.push({
        ...this.#inferred(first, after, 'bridge', 'forward', [], undefined),
        ...headersAt(after),
        repeats: true,
      });
  }

  #routed(first: Event, before: Event, after: Event, changes: Changes, tuple: Tuple): HopDraft {
    const ttl = changes.rest.filter(change => change.field === 'ttl');
    const hop = this.#inferred(first, { ...place(before), of: after }, 'route', 'lookup', ttl, tuple);
    const route = this.#places.route(before.netns, tuple.dst, before.timeNs);
    // The main table's answer is told only if the packet left that way: policy rules may have asked another table.
    const left = this.#events.slice(this.#events.indexOf(after)).find(event => event.tap === tap.netDevQueue);
    const isTaken = left === undefined || left.netns !== before.netns || left.dev === route?.dev;
    return route === undefined || !isTaken ? hop : { ...hop, route };
  }

  #encapsulated(first: Event, before: Event, after: Event, encap: Change): HopDraft {
    const at = { ...place(before), of: after };
    return { ...this.#inferred(first, at, 'tunnel', 'encap', [encap], undefined), ...headersAt(after) };
  }

  #inferred(
    first: Event,
    at: Event | InferredPlace,
    layer: Layer,
    stage: Stage,
    changes: readonly Change[],
    tuple: Tuple | undefined,
  ): HopDraft {
    const of = 'of' in at ? at.of : at;
    return {
      offsetNs: of.timeNs - first.timeNs,
      ...cpuOf(of),
      layer,
      stage,
      ...this.#where(at.netns, at.netnsInode, at.timeNs),
      ...deviceAt(at),
      ...(tuple === undefined ? {} : { tuple }),
      changes,
      inferred: true,
    };
  }

  #seen(
    first: Event,
    before: Event | undefined,
    event: Event,
    changes: Changes | undefined,
    process: Process | undefined,
  ): HopDraft {
    const headers = event.headers;
    const inner = headers?.inner;
    const device =
      event.ifindex === 0 ? undefined : this.#places.device(event.netns, event.ifindex, event.timeNs);
    const at = event.netns === 0 && before !== undefined ? before : event;
    const rest = (changes?.rest ?? []).filter(
      change => change.field !== 'ttl' || changes?.forwarded !== true,
    );
    return {
      offsetNs: event.timeNs - first.timeNs,
      ...cpuOf(event),
      ...layerOf(event, false),
      hook: hookOf(event),
      ...this.#where(at.netns, at.netnsInode, at.timeNs),
      ...deviceAt(event),
      ...(device?.peer === undefined ? {} : { peer: { netns: device.peer.label, dev: device.peer.dev } }),
      ...(headers?.ethernet === undefined ? {} : { mac: headers.ethernet }),
      ...(event.vlanTci === 0 ? {} : { vlan: event.vlanTci & 0xfff }),
      ...ttlOf(inner ?? headers?.outer),
      ...(isHearsay(event) ? {} : { lenBytes: event.skbLen }),
      ...headersAt(event),
      ...conntrackOf(event),
      ...(event.mark === 0 ? {} : { mark: event.mark }),
      ...(process === undefined ? {} : { process: { pid: process.pid, comm: process.comm } }),
      changes: rest,
    };
  }

  #where(netns: number, inode: number, timeNs: number): Pick<Hop, 'node' | 'netns'> {
    const { node, name } = this.#places.netns(netns, timeNs);
    const known = { ...(inode === 0 ? {} : { inode }), ...(name === undefined ? {} : { name }) };
    return { ...(node === undefined ? {} : { node }), netns: { cookie: String(netns), ...known } };
  }
}

/** A capture knows no CPU, and of a device perhaps no more than its name. */
function cpuOf({ cpu }: Event): { cpu?: number } {
  return cpu < 0 ? {} : { cpu };
}

function deviceAt({ dev, ifindex }: Pick<Event, 'dev' | 'ifindex'>): Pick<Hop, 'dev' | 'ifindex'> {
  if (dev === '') return {};
  return ifindex === 0 ? { dev } : { dev, ifindex };
}

/** The place of one event at the time of another. */
type InferredPlace = Pick<Event, 'netns' | 'netnsInode' | 'dev' | 'ifindex' | 'timeNs'> & {
  readonly of: Event;
};

function place(event: Event): Pick<Event, 'netns' | 'netnsInode' | 'dev' | 'ifindex' | 'timeNs'> {
  return {
    netns: event.netns,
    netnsInode: event.netnsInode,
    dev: event.dev,
    ifindex: event.ifindex,
    timeNs: event.timeNs,
  };
}

export function isDevice(event: Event): boolean {
  return (
    event.tap === tap.netDevQueue || event.tap === tap.netDevStartXmit || event.tap === tap.netifReceiveSkb
  );
}

/** Out of the far end of the pair that it was just sent into, and on from there: "out to that device" has said so. */
function isFarEnd(events: readonly Event[], index: number, hop: HopDraft): boolean {
  const event = events[index]!;
  const sent = events[index - 1];
  const next = events[index + 1];
  if (event.tap !== tap.netifReceiveSkb || hop.peer === undefined) return false;
  if (sent?.tap !== tap.netDevQueue || sent.netns === event.netns || next?.netns !== event.netns)
    return false;
  return isDevice(next) || next.tap === tap.netfilter || next.tap === tap.neighbour;
}

/** At a hook itself a rewrite was seen, not inferred; the link layer's header there is that of the device before. */
function atHook(hop: HopDraft, changes: Pick<Changes, 'dst' | 'src'> | undefined): HopDraft {
  const rest = hop.changes.filter(change => change.field !== 'mac');
  const rewrites = [changes?.dst, changes?.src].filter(change => change !== undefined);
  const { mac: _, ...without } = hop;
  return { ...without, changes: [...rewrites, ...rest], ...(rewrites.length === 0 ? { repeats: true } : {}) };
}

/** Where a packet came to be, and where it was last seen, is always shown. */
function withoutRepeats({ repeats: _, ...hop }: HopDraft): HopDraft {
  return hop;
}

/** By hook number. */
const nfStages: readonly Stage[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const nfHooks = [
  'NF_INET_PRE_ROUTING',
  'NF_INET_LOCAL_IN',
  'NF_INET_FORWARD',
  'NF_INET_LOCAL_OUT',
  'NF_INET_POST_ROUTING',
];

function hookOf(event: Event): string {
  if (event.captured === true) return 'pcap';
  if (event.tap === tap.netfilter) return nfHooks[event.nfHook] ?? 'netfilter';
  return hooks[event.tap] ?? String(event.tap);
}

const deliveries = new Set<number>([
  tap.kfreeSkb,
  tap.consumeSkb,
  tap.copyDatagram,
  tap.dataReady,
  tap.tcpReset,
]);

/** That the process reads it says that the socket had it; the head of the journey says what it repeats. */
function isSaidElsewhere({ events, links }: JourneyRecord, index: number): boolean {
  const event = events[index]!;
  if (event.tap === tap.dataReady) return events.some(later => later.tap === tap.copyDatagram);
  return (
    event.tap === tap.tcpRetransmit &&
    links.some(({ kind, role }) => kind === 'retransmit' && role === 'parent')
  );
}

/** kfree_skb is not always a loss: what the kernel frees so after delivery ends at the socket. */
function layerOf(event: Event, isDropped: boolean): { layer: Layer; stage: Stage } {
  if (event.tap === tap.netifReceiveSkb) return { layer: 'device', stage: 'rx' };
  if (event.tap === tap.kfreeSkb && isDropped) return { layer: 'drop', stage: 'drop' };
  if (event.tap === tap.groExit) return { layer: 'device', stage: 'rx' };
  if (event.tap === tap.neighbour) return { layer: 'neighbour', stage: 'lookup' };
  if (event.tap === tap.netfilter)
    return { layer: 'netfilter', stage: nfStages[event.nfHook] ?? 'prerouting' };
  if (event.tap === tap.tcpRetransmit || (event.tap === tap.tcpReset && isHearsay(event)))
    return { layer: 'socket', stage: 'send' };
  if (deliveries.has(event.tap)) return { layer: 'socket', stage: 'deliver' };
  return { layer: 'device', stage: 'tx' };
}

/** What the kernel said when it gave the sk_buff back; where the packet goes on in another one, that is no place of its own. */
function verdictOf(end: EndRecord | undefined): { verdict?: string; repeats?: true } {
  if (end === undefined) return {};
  const verdict = end.reason === '' ? end.location : `${end.reason} in ${end.location}`;
  return end.verdict.kind === 'continues' ? { verdict, repeats: true } : { verdict };
}

/** In by one port of a bridge, out by another, without the host's network layer. */
function isBridged(before: Event, after: Event, places: Places): boolean {
  if (before.netns !== after.netns || before.tap !== tap.netifReceiveSkb || after.tap === tap.netifReceiveSkb)
    return false;
  const a = places.device(before.netns, before.ifindex, before.timeNs)?.master;
  const b = places.device(after.netns, after.ifindex, after.timeNs)?.master;
  return a !== undefined && a === b;
}

function ttlOf(layer: NetworkLayer | undefined): { ttl?: number } {
  return layer?.ttl === undefined ? {} : { ttl: layer.ttl };
}

/** The outermost headers, and the innermost while encapsulated. */
function headersAt(event: Event): Pick<Hop, 'tuple' | 'inner' | 'tunnel'> {
  const { headers } = event;
  if (headers === undefined) return {};
  const { outer, inner, vxlan } = headers;
  return {
    tuple: tupleOf(outer),
    ...(inner === undefined ? {} : { inner: tupleOf(inner) }),
    ...(vxlan === undefined
      ? {}
      : { tunnel: { kind: 'vxlan', vni: vxlan.vni, src: outer.src, dst: outer.dst } }),
  };
}

function conntrackOf(event: Event): { ct?: ConntrackRef } {
  const record = event.conntrack;
  if (record === undefined) return {};
  const info = record.ctinfo % CTINFO_REPLY;
  return {
    ct: {
      zone: record.zone,
      id: conntrackId(event),
      orig: conntrackTuple(record.orig),
      reply: conntrackTuple(record.reply),
      dir: record.ctinfo >= CTINFO_REPLY ? 'reply' : 'orig',
      state: info === 0 ? 'established' : info === 1 ? 'related' : 'new',
      ...(record.mark === 0 ? {} : { mark: record.mark }),
    },
  };
}

/** Two entries differ in it as they do in their address, which is nobody's business. */
function conntrackId(event: Event): string {
  const { orig, zone } = event.conntrack!;
  let hash = 0x811c9dc5;
  for (const char of `${event.ct} ${zone} ${orig.src} ${orig.sport} ${orig.dst} ${orig.dport} ${orig.proto}`)
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** The tuple with its ends as in the text of a change ("address:port"). */
function withEnds(tuple: Tuple, src: string | undefined, dst: string | undefined): Tuple {
  let result = tuple;
  if (src !== undefined) result = { ...result, ...split(src, 'src', 'sport') };
  if (dst !== undefined) result = { ...result, ...split(dst, 'dst', 'dport') };
  return result;
}

function split(text: string, ip: 'src' | 'dst', port: 'sport' | 'dport'): Partial<Tuple> {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text);
  return match === null ? { [ip]: text } : { [ip]: match[1] ?? match[2], [port]: Number(match[3]) };
}
