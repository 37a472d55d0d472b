/** Where to capture, and what: the namespaces between the ends, and as little as the kernel's filter can tell apart. */
import type { Device } from '../places.ts';

/** More at once would cost more than they tell. */
export const CAPTURES_MAX = 64;
const HOSTS_MAX = 100;

export interface Chosen {
  readonly places: readonly number[];
  /** Left out for their number. */
  readonly leftOut: number;
}

export interface Ends {
  /** Namespaces that are meant. */
  readonly sure: readonly number[];
  /** Namespaces that have one of the addresses that are meant: the same may be in another cluster on this machine. */
  readonly likely: readonly number[];
  /** One end may be anything: everything that hangs together with the other. */
  readonly isOpen: boolean;
}

/**
 * The ends, as far as they hang together, and every namespace between that leads on: one that pairs connect to two others or more, as
 * nodes and the machine are.
 */
export function choosePlaces(ends: Ends, devices: ReadonlyMap<number, ReadonlyMap<string, Device>>): Chosen {
  const neighbours = new Map<number, Set<number>>();
  for (const [place, own] of devices)
    neighbours.set(
      place,
      new Set([...own.values()].flatMap(({ peer }) => (peer === undefined ? [] : [peer.place]))),
    );
  const isTransit = (place: number): boolean => (neighbours.get(place)?.size ?? 0) > 1;
  const reachable = (from: Iterable<number>, through: (place: number) => boolean): Set<number> => {
    const reached = new Set(from);
    const next = [...reached];
    for (let place = next.pop(); place !== undefined; place = next.pop())
      for (const other of neighbours.get(place) ?? []) {
        if (reached.has(other) || !through(other)) continue;
        reached.add(other);
        next.push(other);
      }
    return reached;
  };
  const known = [...ends.sure, ...ends.likely];
  const from = ends.sure.length > 0 ? ends.sure : known.length > 0 ? known : devices.keys();
  const world = reachable(from, () => true);
  const wanted = ends.isOpen ? world : [...ends.sure, ...ends.likely.filter(place => world.has(place))];
  const places = [...reachable(wanted, isTransit)].filter(place => devices.has(place));
  return { places: places.slice(0, CAPTURES_MAX), leftOut: Math.max(0, places.length - CAPTURES_MAX) };
}

/** A pcap-filter(7) expression. `ips`: one of these is on each packet at every place; undefined: anything may be. */
export function captureFilter(ips: readonly string[] | undefined): string {
  if (ips === undefined || ips.length === 0 || ips.length > HOSTS_MAX) return 'ip or ip6 or arp';
  const hosts = [...new Set(ips)].map(ip => (ip.includes('/') ? `net ${ip}` : `host ${ip}`)).join(' or ');
  return `${hosts} or udp dst port 8472 or udp dst port 4789`;
}
