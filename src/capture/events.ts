/**
 * Captured packets → the frames of a collector, so that everything behind `wire` is the same for a capture: devices and addresses as
 * inventory frames, a hello with the clock of the captures, events, and heartbeats by the packets' own time.
 *
 * A heartbeat says that all before it has come: captures are given in order of time.
 */
import type { Event, HelloFrame } from '../model/event.ts';
import type { ClusterSnapshot, NetnsSnapshot } from '../model/inventory.ts';
import { identity, recordVersion, tap } from '../model/layout.generated.ts';
import { vxlanPorts } from '../model/tunnels.ts';
import type { Frame } from '../wire/decode.ts';
import type { Owns } from './copies.ts';
import { type Match, Matcher } from './matcher.ts';
import type { PcapPacket } from './pcap-reader.ts';
import { ANY, type CapturePlace, type CapturePoint, type Device } from './places.ts';
import { type Sight, type SightSource, sightOf } from './sight.ts';
import { type DirectedSight, type IsCaptured, kindOf } from './steps.ts';

const BEAT_NS = 20_000_000;
/** After the last packet: journeys close by silence, and a question is unanswered after a second. */
const END_NS = 1_200_000_000;
const PACKET_OTHERHOST = 3;
/** The ports that VXLAN has by default (Linux' old one, the assigned one). */
const tunnelPorts = new Set(vxlanPorts);

/** What is known before the first packet. */
export interface CaptureFacts {
  readonly places: readonly CapturePlace[];
  /** By number of the capture. */
  readonly points: readonly CapturePoint[];
  /** By place, as `ip -j` told them; absent where nobody did. */
  readonly devices: ReadonlyMap<number, ReadonlyMap<string, Device>>;
  readonly cluster?: ClusterSnapshot;
  /** What was done with what was told. */
  readonly notes?: readonly string[];
}

/** Packets of captures → what was seen where. */
export class SightReader {
  readonly #sources: readonly Omit<SightSource, 'linkType'>[];
  readonly #anywhere = new Set<number>();
  readonly #captured = new Set<string>();

  constructor({ points, devices }: CaptureFacts) {
    for (const { place, dev } of points) {
      if (dev === undefined) this.#anywhere.add(place);
      else this.#captured.add(`${place} ${dev}`);
    }
    this.#sources = points.map(({ place, dev }, capture) => ({
      capture,
      place,
      deviceOf: devicesOf(devices.get(place), dev),
      vxlanPorts: tunnelPorts,
    }));
  }

  readonly isCaptured = (place: number, dev: string): boolean =>
    this.#anywhere.has(place) || this.#captured.has(`${place} ${dev}`);

  sight(packet: PcapPacket, capture: number, linkType: number, baseNs: bigint): Sight | undefined {
    const source = this.#sources[capture];
    if (source === undefined) return undefined;
    return sightOf(packet, Number(timeOf(packet) - baseNs), { ...source, linkType });
  }
}

function devicesOf(
  devices: ReadonlyMap<string, Device> | undefined,
  dev: string | undefined,
): (ifindex: number | undefined) => Device {
  if (dev !== undefined) {
    const device = devices?.get(dev) ?? { name: dev, ifindex: 0 };
    return () => device;
  }
  const byIndex = new Map([...(devices?.values() ?? [])].map(device => [device.ifindex, device]));
  return ifindex => {
    const known = byIndex.get(ifindex ?? 0);
    if (known !== undefined) return known;
    // Nobody told its name; the number is what the kernel wrote.
    const device: Device =
      ifindex === undefined ? { name: ANY, ifindex: 0 } : { name: `if${ifindex}`, ifindex, unnamed: true };
    if (byIndex.size < 65_536) byIndex.set(ifindex ?? 0, device);
    return device;
  };
}

/** CLOCK_REALTIME, ns. */
export function timeOf({ seconds, nanos }: PcapPacket): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

/** Sights in order of time → events. */
export class EventMaker {
  readonly matcher: Matcher;
  #tied: DirectedSight[] = [];
  #beatNs = 0;
  #lastNs = 0;

  constructor(isCaptured: IsCaptured, owns?: Owns) {
    this.matcher = new Matcher(isCaptured, owns);
  }

  sight(sight: DirectedSight): Frame[] {
    const frames = this.#tied.length > 0 && this.#tied[0]!.timeNs !== sight.timeNs ? this.#flush() : [];
    this.#tied.push(sight);
    return frames;
  }

  /** All packets before this time have been given. */
  beat(timeNs: number): Frame[] {
    const frames = this.#tied.length > 0 && this.#tied[0]!.timeNs < timeNs ? this.#flush() : [];
    if (timeNs <= this.#beatNs) return frames;
    this.#beatNs = timeNs;
    return [...frames, { kind: 'heartbeat', timeNs, events: 0 }];
  }

  /** No packet will come. */
  end(): Frame[] {
    const frames = this.#flush();
    return [...frames, ...this.beat(this.#lastNs + END_NS)];
  }

  #flush(): Frame[] {
    const tied = this.#tied;
    this.#tied = [];
    const timeNs = tied[0]?.timeNs ?? 0;
    const frames: Frame[] = [];
    if (timeNs - this.#beatNs >= BEAT_NS) frames.push(...this.beat(timeNs));
    this.#lastNs = Math.max(this.#lastNs, timeNs);
    for (const match of this.matcher.take(tied)) frames.push({ kind: 'event', event: eventOf(match) });
    return frames;
  }
}

function eventOf({ packet, sight, isFirst, root }: Match): Event {
  const { headers, place, device } = sight;
  const isBorn = isFirst && root === packet && isAsSent(sight);
  return {
    timeNs: sight.timeNs,
    cpu: -1,
    tap: sight.direction === 'out' ? tap.netDevQueue : tap.netifReceiveSkb,
    captured: true,
    packet,
    identity: identity.first,
    flags: 0,
    skb: packet,
    // Clones share their data.
    head: root,
    sk: 0,
    netns: place,
    netnsInode: 0,
    ifindex: device.ifindex,
    dev: device.name,
    skbLen: sight.lenBytes,
    mark: 0,
    // What leaves a namespace that it was not seen to enter, as senders write it, came to be there.
    iif: isBorn ? 0 : 1,
    reason: 0,
    location: 0,
    protocol: sight.protocol,
    gsoSize: 0,
    gsoSegs: 0,
    vlanTci: sight.vlanTci,
    pktType: isForNobody(sight) ? PACKET_OTHERHOST : 0,
    nfHook: 0,
    nfPriority: 0,
    ct: 0,
    conntrack: undefined,
    headers,
  };
}

/** The kernel ignores it here, if no bridge has the device. */
function isForNobody({ direction, isForOthers, device }: DirectedSight): boolean {
  return (
    direction === 'in' && isForOthers === true && device.master === undefined && kindOf(device) !== 'bridge'
  );
}

const initialTtls = new Set([64, 128, 255]);

function isAsSent({ headers, direction, ttl }: DirectedSight): boolean {
  const { outer, inner } = headers;
  if (direction !== 'out' || inner !== undefined) return false;
  return outer.family === 0 || initialTtls.has(ttl) || ttl === 1;
}

/** The frames before the first packet. `addresses`: learned, by place, where `ip -j` told none. */
export function firstFrames(
  facts: CaptureFacts,
  baseNs: bigint,
  addresses: ReadonlyMap<number, readonly string[]>,
): Frame[] {
  const snapshots = facts.places.map(place => {
    const captures = place.captures === undefined ? {} : { captures: place.captures };
    if (place.snapshot !== undefined) return { ...place.snapshot, ...captures, timeNs: String(baseNs) };
    const snapshot = snapshotOf(place, baseNs, [
      ...(addresses.get(place.id) ?? []),
      ...clusterIps(place, facts.cluster),
    ]);
    return { ...snapshot, ...captures };
  });
  return [
    { kind: 'hello', hello: helloOf(baseNs) },
    ...snapshots.map(inventory => ({ kind: 'inventory', inventory }) as const),
    ...(facts.cluster === undefined ? [] : [{ kind: 'cluster', cluster: facts.cluster } as const]),
  ];
}

function clusterIps({ name }: CapturePlace, cluster: ClusterSnapshot | undefined): readonly string[] {
  const members = [...(cluster?.nodes ?? []), ...(cluster?.pods ?? [])];
  return members.filter(member => member.netnsName === name).flatMap(member => member.ips);
}

function snapshotOf({ id, name }: CapturePlace, baseNs: bigint, ips: readonly string[]): NetnsSnapshot {
  return {
    timeNs: String(baseNs),
    cookie: String(id),
    inode: 0,
    own: name === 'host',
    names: [name],
    processes: [],
    links: [],
    addresses: [...new Set(ips)].map(ip => ({ ifindex: 0, ip, prefixLen: ip.includes(':') ? 128 : 32 })),
    routes: [],
    neighbours: [],
    fdb: [],
  };
}

function helloOf(baseNs: bigint): HelloFrame {
  return {
    recordVersion,
    kernel: 'unknown',
    machine: 'unknown',
    cpus: 0,
    inventory: 'capture',
    taps: [
      { name: 'device tx', tap: tap.netDevQueue, mechanism: 'capture', state: 'on' },
      { name: 'device rx', tap: tap.netifReceiveSkb, mechanism: 'capture', state: 'on' },
    ],
    // A capture has no other clock than the wall's.
    clock: { monotonicNs: String(baseNs), realtimeNs: String(baseNs), errorNs: 0 },
    dropReasons: {},
  };
}
