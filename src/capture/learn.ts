/**
 * What a first look at captures tells that nobody else told: in which direction frames pass a device, and which addresses a namespace has.
 *
 * On a device all frames of one sender (its MAC address) pass in the same direction. The devices' own MAC addresses tell which, where
 * `ip -j` told them. Else packets that were seen at several places do, each by a vote:
 * - the same frame in two namespaces, one after the other: it left the first and entered the second;
 * - the same packet twice in one namespace, the second time with a lower TTL: it came in, was routed, and went out;
 * - a frame passes a bridge in the direction in which it passes the bridge's port; but what passes from port to port is shown by the bridge
 *   only because tcpdump made it promiscuous.
 * Where votes contradict each other nothing is known. An address belongs to the namespace that packets from it are first seen leaving,
 * with a TTL that senders begin with; an address that two namespaces would have is nobody's.
 *
 * What it cannot know: that a frame which two namespaces showed was bridged on through a third device that nobody captured.
 */
import { isMulticast } from '../model/tuples.ts';
import type { Direction } from './link-layer.ts';
import { guessedKind } from './places.ts';
import type { Sight } from './sight.ts';

/** A packet is a matter of µs; its next sight comes sooner than this or the two are of two packets. */
const WINDOW_NS = 100_000_000;
/** Fingerprints, senders and addresses that are kept; more than a node has, and a bound for hostile captures. */
const KEPT_MAX = 50_000;
/** Places of one packet that are looked at together. */
const TRAIL_MAX = 16;
/** TTLs that hosts send with. */
const initialTtls = new Set([64, 128, 255]);

interface Votes {
  in: number;
  out: number;
}

export class Lessons {
  /** By fingerprint: where the packet was seen, in order; without what a bridge saw of frames that it passes on by itself. */
  readonly #trails = new Map<string, Sight[]>();
  /** Frames, by bridge and MAC addresses, that a bridge passes on by itself. */
  readonly #passing = new Set<string>();
  readonly #votes = new Map<string, Votes>();
  /** Side of a port → the side of its bridge on which the same sender is. */
  readonly #sameSide = new Map<string, string>();
  /** First sights that may be births: one for each address at a side. */
  readonly #births = new Map<string, Sight>();
  /** Addresses that a loopback device showed. */
  readonly #own = new Map<string, { readonly place: number; readonly ip: string }>();

  look(sight: Sight): void {
    // A file of the same device alone shows the same sender.
    if (sight.direction !== undefined) this.#votesOf(sideOf(sight))[sight.direction]++;
    const known = this.#trails.get(sight.fingerprint);
    const isSame = known !== undefined && sight.timeNs - known.at(-1)!.timeNs <= WINDOW_NS;
    const trail = isSame ? known : [];
    if (!isSame) this.#begins(sight);
    else if (this.#isPassing(trail, sight)) return;
    else if (!isSameSide(trail.at(-1)!, sight)) this.#compare(trail.at(-1)!, sight);
    if (trail.length >= TRAIL_MAX) trail.shift();
    trail.push(sight);
    this.#trails.delete(sight.fingerprint);
    this.#trails.set(sight.fingerprint, trail);
    if (this.#trails.size > KEPT_MAX) this.#trails.delete(this.#trails.keys().next().value!);
  }

  /**
   * Port, bridge and port, in any order after the first: the bridge passes the frame on by itself, and shows a copy because tcpdump made it
   * promiscuous. The copy comes in, and the way is from port to port.
   */
  #isPassing(trail: Sight[], sight: Sight): boolean {
    const here = trail.filter(seen => isSameFrame(seen, sight) && seen.place === sight.place);
    if (!isFromPortToPort([...here, sight].filter(seen => !isBridge(seen)))) return false;
    const copy = isBridge(sight) ? sight : here.find(isBridge);
    if (copy === undefined) return false;
    this.#votesOf(sideOf(copy)).in++;
    const frame = frameOf(copy);
    if (frame !== undefined && this.#passing.size < KEPT_MAX) this.#passing.add(frame);
    if (copy === sight) return true;
    trail.splice(trail.indexOf(copy), 1);
    return false;
  }

  /** Is it a copy that a bridge shows of what it passes on by itself? No place of the packet's way. */
  isPassing(sight: Sight): boolean {
    const frame = isBridge(sight) ? frameOf(sight) : undefined;
    return frame !== undefined && this.#passing.has(frame);
  }

  #begins(sight: Sight): void {
    const layer = sight.headers.outer;
    if (isLoopback(sight)) this.#looped(sight);
    if (sight.headers.inner !== undefined || !initialTtls.has(sight.ttl) || layer.family === 0) return;
    const key = `${sideOf(sight)} ${layer.src}`;
    if (this.#births.size < KEPT_MAX && !this.#births.has(key)) this.#births.set(key, sight);
  }

  /** What passes a loopback device is of the namespace and for it. */
  #looped({ place, headers }: Sight): void {
    const { family, src, dst } = headers.outer;
    if (family === 0 || this.#own.size >= KEPT_MAX) return;
    for (const ip of [src, dst]) if (!isMulticast(ip)) this.#own.set(`${place} ${ip}`, { place, ip });
  }

  #compare(a: Sight, b: Sight): void {
    const wrapped = (sight: Sight): boolean => sight.headers.inner !== undefined;
    if (a.place === b.place) {
      if (b.ttl < a.ttl) this.#vote(a, 'in', b, 'out');
      else if (a.sender !== undefined && a.sender === b.sender && isBridge(a) !== isBridge(b))
        if (this.#sameSide.size < KEPT_MAX)
          this.#sameSide.set(sideOf(a), sideOf(b)).set(sideOf(b), sideOf(a));
    } else if (a.timeNs < b.timeNs && a.ttl === b.ttl && a.sender === b.sender && wrapped(a) === wrapped(b))
      this.#vote(a, 'out', b, 'in');
  }

  #vote(a: Sight, aIs: Direction, b: Sight, bIs: Direction): void {
    this.#votesOf(sideOf(a))[aIs]++;
    this.#votesOf(sideOf(b))[bIs]++;
  }

  #votesOf(side: string): Votes {
    const known = this.#votes.get(side);
    if (known !== undefined) return known;
    const votes = { in: 0, out: 0 };
    if (this.#votes.size < KEPT_MAX) this.#votes.set(side, votes);
    return votes;
  }

  /** Undefined: not told, and not to be learned from these captures. */
  directionOf(sight: Sight): Direction | undefined {
    if (isLoopback(sight)) return 'in'; // libpcap leaves out what lo sends
    if (sight.direction !== undefined) return sight.direction;
    const told = toldBy(sight);
    if (told !== undefined) return told;
    const side = sideOf(sight);
    return this.#elected(side) ?? this.#elected(this.#sameSide.get(side) ?? side);
  }

  /** A hundredth of the votes may be of packets that only look alike. */
  #elected(side: string): Direction | undefined {
    const votes = this.#votes.get(side);
    if (votes === undefined) return undefined;
    if (votes.in > 100 * votes.out) return 'in';
    return votes.out > 100 * votes.in ? 'out' : undefined;
  }

  /** Addresses by place. */
  addresses(): Map<number, string[]> {
    const owners = new Map<string, Set<number>>();
    for (const { place, ip } of this.#own.values()) owners.set(ip, (owners.get(ip) ?? new Set()).add(place));
    for (const sight of this.#births.values()) {
      if (this.directionOf(sight) !== 'out') continue;
      const { src } = sight.headers.outer;
      owners.set(src, (owners.get(src) ?? new Set()).add(sight.place));
    }
    const byPlace = new Map<number, string[]>();
    for (const [ip, places] of owners) {
      if (places.size > 1 && !isLocal(ip)) continue;
      for (const place of places) byPlace.set(place, [...(byPlace.get(place) ?? []), ip]);
    }
    return byPlace;
  }
}

/**
 * By the devices' own addresses. A port of a bridge has frames of many senders on both sides: the other end's address tells. A pod that
 * reaches itself by its service gets its own frame back (hairpin mode): so the receiver is looked at first.
 */
function toldBy({ device, sender, receiver }: Sight): Direction | undefined {
  const { kind, mac, master, peer } = device;
  if (sender === undefined || sender === 0) return undefined;
  if (peer?.mac !== undefined) return sender === peer.mac && receiver !== peer.mac ? 'in' : 'out';
  if (mac === undefined || kind === undefined || master !== undefined) return undefined;
  return sender === mac && receiver !== mac ? 'out' : 'in';
}

/** The same in each namespace. */
const isLocal = (ip: string): boolean => ip.startsWith('127.') || ip === '::1';

const isLoopback = ({ device }: Sight): boolean => device.kind === 'loopback' || device.name === 'lo';

const isBridge = ({ device }: Sight): boolean => (device.kind ?? guessedKind(device.name)) === 'bridge';

/** Two ports, or in and out of the same one (hairpin mode): as the capture tells, or by another receiver. */
function isFromPortToPort(sights: readonly Sight[]): boolean {
  if (new Set(sights.map(({ device }) => device.name)).size > 1) return true;
  const receivers = sights.flatMap(({ receiver }) => receiver ?? []);
  const directions = sights.flatMap(({ direction }) => direction ?? []);
  return new Set(receivers).size > 1 || new Set(directions).size > 1;
}

const isSameFrame = (a: Sight, b: Sight): boolean => a.sender === b.sender && a.ttl === b.ttl;

/**
 * Undefined where a bridge takes what it passes on as well: broadcast, multicast. A capture of all devices has no receivers; what goes to one
 * address goes to one of them.
 */
function frameOf({ place, device, sender, receiver, headers, isGroup }: Sight): string | undefined {
  if (sender === undefined || isGroup) return undefined;
  const { dst } = headers.outer;
  return `${place} ${device.name} ${sender} ${receiver ?? dst}`;
}

/** What passes a device from one sender passes it in one direction; but what it sends to itself passes in both. */
const sideOf = ({ place, device, sender, receiver }: Sight): string =>
  `${place} ${device.name} ${sender ?? ''}${sender === receiver ? ' itself' : ''}`;

const isSameSide = (a: Sight, b: Sight): boolean => a.place === b.place && a.device.name === b.device.name;
