/**
 * What `ip -j` says of the namespaces → inventory, so that no eBPF is needed to know devices, addresses and routes.
 *
 * Of each namespace: `ip -d -j link`, `ip -j addr`, `ip -j route show table all`, `bridge -j fdb` and `ip -j netns list-id`; only the first is needed.
 * The other end of a veth is told by two indexes that name each other, and where several pairs do (the same in each node), by the name that
 * the namespace has for the other one (nsid), by the bridge's table (which port has learned the address), or by a route to one host.
 * What stays ambiguous stays unknown.
 */
import type { AddressSnapshot, LinkSnapshot, NetnsSnapshot, RouteSnapshot } from '../model/inventory.ts';
import type { Device, DeviceKind } from './places.ts';

/** What the commands printed, parsed; anything may be missing or of another shape. */
export interface HostDump {
  readonly link: unknown;
  readonly addr?: unknown;
  readonly route?: unknown;
  readonly fdb?: unknown;
  readonly nsid?: unknown;
}

export interface PlaceFacts {
  readonly devices: ReadonlyMap<string, Device>;
  readonly snapshot: NetnsSnapshot;
}

interface Place {
  readonly id: number;
  readonly name: string;
  readonly dump: HostDump;
}

interface RawLink {
  readonly place: Place;
  readonly ifindex: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly mac: string | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly master: string | undefined;
  readonly peerIndex: number | undefined;
  readonly peerNsid: number | undefined;
  readonly vxlan: Row | undefined;
}

type Row = Readonly<Record<string, unknown>>;

const LOOPBACK_MAC = '00:00:00:00:00:00';
const TABLES: Readonly<Record<string, number>> = { local: 255, main: 254, default: 253 };

/** `isCaptured`: an end that nobody captured is not told, because packets go by it unseen. */
export function placeFacts(
  places: readonly Place[],
  timeNs: bigint,
  isCaptured: (place: number, dev: string) => boolean,
): Map<number, PlaceFacts> {
  const links = new Map(
    places.map(place => [place.id, rows(place.dump.link).flatMap(row => rawLink(place, row))]),
  );
  const all = [...links.values()].flat();
  const facts = new Map<number, PlaceFacts>();
  for (const place of places) {
    const own = links.get(place.id)!;
    const devices = new Map<string, Device>();
    const snapshots: LinkSnapshot[] = [];
    for (const link of own) {
      const peer = peerOf(link, all);
      devices.set(link.name, deviceOf(link, peer));
      snapshots.push(
        linkSnapshot(
          link,
          own,
          peer !== undefined && isCaptured(peer.place.id, peer.name) ? peer : undefined,
        ),
      );
    }
    facts.set(place.id, { devices, snapshot: snapshotOf(place, snapshots, own, timeNs) });
  }
  return facts;
}

function snapshotOf(
  place: Place,
  links: LinkSnapshot[],
  own: readonly RawLink[],
  timeNs: bigint,
): NetnsSnapshot {
  return {
    timeNs: String(timeNs),
    cookie: String(place.id),
    inode: 0,
    own: place.name === 'host',
    names: [place.name],
    processes: [],
    links,
    addresses: rows(place.dump.addr).flatMap(addressesOf),
    routes: rows(place.dump.route).flatMap(row => routeOf(row, own)),
    neighbours: [],
    fdb: [],
  };
}

function rawLink(place: Place, row: Row): RawLink[] {
  const { ifindex, ifname, mtu } = row;
  if (typeof ifindex !== 'number' || typeof ifname !== 'string') return [];
  const info = isRow(row.linkinfo) ? row.linkinfo : {};
  const flags = Array.isArray(row.flags) ? row.flags : [];
  return [
    {
      place,
      ifindex,
      name: ifname,
      kind: flags.includes('LOOPBACK') ? 'loopback' : text(info.info_kind),
      mac: text(row.address),
      mtu: typeof mtu === 'number' ? mtu : 0,
      up: flags.includes('UP') && flags.includes('LOWER_UP'),
      master: text(row.master),
      peerIndex: typeof row.link_index === 'number' ? row.link_index : undefined,
      peerNsid: typeof row.link_netnsid === 'number' ? row.link_netnsid : undefined,
      vxlan: info.info_kind === 'vxlan' && isRow(info.info_data) ? info.info_data : undefined,
    },
  ];
}

function peerOf(link: RawLink, all: readonly RawLink[]): RawLink | undefined {
  if (link.kind !== 'veth' || link.peerIndex === undefined) return undefined;
  const mutual = all.filter(
    other =>
      other !== link &&
      other.kind === 'veth' &&
      other.ifindex === link.peerIndex &&
      other.peerIndex === link.ifindex &&
      (other.place === link.place) === (link.peerNsid === undefined),
  );
  const named = mutual.filter(other => knows(link, other) !== false && knows(other, link) !== false);
  if (named.length <= 1) return named[0];
  const learned = named.filter(other => leadsTo(link, other) || leadsTo(other, link));
  return learned.length === 1 ? learned[0] : undefined;
}

/** Does the namespace's own list of others say that this one is it? Undefined: it has no name for it. */
function knows(link: RawLink, other: RawLink): boolean | undefined {
  const entry = rows(link.place.dump.nsid).find(row => row.nsid === link.peerNsid);
  const name = text(entry?.name);
  return name === undefined ? undefined : name === other.place.name;
}

/** A port on which the other end's MAC address was learned, or a route to one of its addresses alone. */
function leadsTo(port: RawLink, end: RawLink): boolean {
  const learned = rows(port.place.dump.fdb).some(
    row => row.mac === end.mac && (row.ifname ?? row.dev) === port.name,
  );
  if (learned) return true;
  const addresses = rows(end.place.dump.addr)
    .filter(row => row.ifname === end.name)
    .flatMap(addressesOf);
  return rows(port.place.dump.route).some(
    row => row.dev === port.name && addresses.some(({ ip }) => row.dst === ip && row.type === undefined),
  );
}

function deviceOf(link: RawLink, peer: RawLink | undefined): Device {
  const kind = kindOf(link);
  return {
    name: link.name,
    ifindex: link.ifindex,
    kind,
    ...(link.up ? {} : { isDown: true as const }),
    ...(link.mac === undefined || link.mac === LOOPBACK_MAC ? {} : { mac: macNumber(link.mac) }),
    ...(link.master === undefined ? {} : { master: link.master }),
    ...(peer === undefined
      ? {}
      : {
          peer: {
            place: peer.place.id,
            dev: peer.name,
            ...(peer.mac === undefined || peer.master !== undefined ? {} : { mac: macNumber(peer.mac) }),
          },
        }),
  };
}

function kindOf({ kind }: RawLink): DeviceKind {
  if (kind === 'loopback' || kind === 'veth' || kind === 'bridge') return kind;
  return kind === 'vxlan' || kind === 'geneve' || kind === 'ipip' || kind === 'sit' ? 'tunnel' : 'other';
}

function linkSnapshot(link: RawLink, own: readonly RawLink[], peer: RawLink | undefined): LinkSnapshot {
  const master = own.find(other => other.name === link.master)?.ifindex;
  return {
    ifindex: link.ifindex,
    name: link.name,
    ...(link.kind === undefined ? {} : { kind: link.kind }),
    ...(link.mac === undefined ? {} : { mac: link.mac }),
    mtu: link.mtu,
    up: link.up,
    ...(master === undefined ? {} : { master }),
    ...(peer === undefined ? {} : { peer: { ifindex: peer.ifindex, netns: String(peer.place.id) } }),
    ...vxlanOf(link.vxlan),
  };
}

function vxlanOf(data: Row | undefined): Pick<LinkSnapshot, 'vxlan'> {
  if (data === undefined || typeof data.id !== 'number' || typeof data.port !== 'number') return {};
  const local = text(data.local) ?? text(data.local6);
  return {
    vxlan: {
      vni: data.id,
      port: data.port,
      ...(local === undefined ? {} : { local }),
      learning: data.learning !== false,
    },
  };
}

function addressesOf(row: Row): AddressSnapshot[] {
  const { ifindex } = row;
  if (typeof ifindex !== 'number') return [];
  return rows(row.addr_info).flatMap(({ local, prefixlen }) =>
    typeof local === 'string' && typeof prefixlen === 'number'
      ? [{ ifindex, ip: local, prefixLen: prefixlen }]
      : [],
  );
}

function routeOf(row: Row, links: readonly RawLink[]): RouteSnapshot[] {
  const { dst, dev, metric, table } = row;
  if (typeof dst !== 'string') return [];
  const via = text(row.gateway);
  const src = text(row.prefsrc);
  const is6 = dst.includes(':') || via?.includes(':') === true;
  const ifindex = links.find(link => link.name === dev)?.ifindex;
  return [
    {
      table: typeof table === 'string' ? (TABLES[table] ?? (Number(table) || 254)) : 254,
      dst:
        dst === 'default'
          ? is6
            ? '::/0'
            : '0.0.0.0/0'
          : dst.includes('/')
            ? dst
            : `${dst}/${is6 ? 128 : 32}`,
      ...(via === undefined ? {} : { via }),
      ...(ifindex === undefined ? {} : { ifindex }),
      ...(src === undefined ? {} : { src }),
      ...(typeof metric === 'number' ? { metric } : {}),
      type: text(row.type) ?? 'unicast',
    },
  ];
}

export function macNumber(mac: string): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16);
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** iproute2 prints an empty object for what a filter left out. */
const rows = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);
