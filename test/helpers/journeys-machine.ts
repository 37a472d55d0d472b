/**
 * A hand-made host for tests of correlation and resolution: two nodes with a bridge, a tunnel and pods each, wired through a
 * bridge of the host, which has a device that leads out. Says what src/correlate and src/resolve ask of the inventory.
 */
import type { LinkFacts, Topology } from '../../src/correlate/topology.ts';
import type { Endpoint, RouteRef } from '../../src/model/journey.ts';
import type { DeviceFacts, EndpointQuery, PlaceName, Places } from '../../src/resolve/places.ts';

export interface Device {
  readonly ifindex: number;
  readonly kind: LinkFacts['kind'];
  /** veth: `place dev`. */
  readonly peer?: string;
  readonly master?: string;
}

export interface Netns {
  readonly cookie: number;
  readonly inode: number;
  readonly kind: PlaceName['kind'];
  readonly node?: string;
  readonly ips: readonly string[];
  readonly devices: Readonly<Record<string, Device>>;
}

const lo: Device = { ifindex: 1, kind: 'loopback' };

function node(cookie: number, n: number, ports: Readonly<Record<string, Device>>): Netns {
  return {
    cookie,
    inode: 4_026_532_000 + cookie,
    kind: 'node',
    node: `node-${n}`,
    ips: [`172.18.0.${n + 1}`, `10.244.${n}.1`, `10.244.${n}.0`, `fd00:10:244:${n}::1`],
    devices: {
      lo,
      eth0: { ifindex: 2, kind: 'veth', peer: `host vn${n}` },
      cni0: { ifindex: 3, kind: 'bridge' },
      'flannel.1': { ifindex: 4, kind: 'vxlan' },
      ...ports,
    },
  };
}

function pod(cookie: number, n: number, ips: readonly string[], peer: string): Netns {
  return {
    cookie,
    inode: 4_026_532_000 + cookie,
    kind: 'pod',
    node: `node-${n}`,
    ips,
    devices: { lo, eth0: { ifindex: 2, kind: 'veth', peer } },
  };
}

const port = (ifindex: number, peer: string): Device => ({ ifindex, kind: 'veth', peer, master: 'cni0' });

export const netnses: Readonly<Record<string, Netns>> = {
  host: {
    cookie: 10,
    inode: 4_026_531_840,
    kind: 'host',
    node: 'host',
    ips: ['172.18.0.1', '192.168.1.2'],
    devices: {
      lo,
      docker0: { ifindex: 2, kind: 'bridge' },
      vn1: { ifindex: 3, kind: 'veth', peer: 'node-1 eth0', master: 'docker0' },
      vn2: { ifindex: 4, kind: 'veth', peer: 'node-2 eth0', master: 'docker0' },
      eth9: { ifindex: 9, kind: 'other' },
    },
  },
  'node-1': node(1, 1, { va: port(5, 'pod-a eth0'), vb: port(6, 'nginx-1 eth0'), vx: port(8, 'pod-x eth0') }),
  'node-2': node(2, 2, { vc: port(5, 'nginx-2 eth0') }),
  'pod-a': pod(11, 1, ['10.244.1.5', 'fd00:10:244:1::5'], 'node-1 va'),
  'nginx-1': pod(12, 1, ['10.244.1.6', 'fd00:10:244:1::6'], 'node-1 vb'),
  'pod-x': pod(13, 1, ['10.244.1.9'], 'node-1 vx'),
  'nginx-2': pod(21, 2, ['10.244.2.7', 'fd00:10:244:2::7'], 'node-2 vc'),
};

/** Address → who it is; a service also by the address that its pods are reached by. */
const named: Readonly<Record<string, Omit<Endpoint, 'ip'>>> = {
  '10.96.45.123': { kind: 'service', namespace: 'default', name: 'nginx-service' },
  '10.96.0.10': { kind: 'service', namespace: 'kube-system', name: 'kube-dns' },
};

export class Machine implements Topology, Places {
  /** Devices that the inventory does not know (yet): `place dev`. */
  readonly hidden = new Set<string>();
  readonly routes = new Map<string, RouteRef>();
  readonly settledNs = Number.NEGATIVE_INFINITY;
  readonly #byCookie = new Map<number, readonly [name: string, netns: Netns]>();

  constructor() {
    for (const [name, netns] of Object.entries(netnses)) this.#byCookie.set(netns.cookie, [name, netns]);
  }

  /** Routes may be added, not changed. */
  get version(): number {
    return this.routes.size;
  }

  link(cookie: number, ifindex: number): LinkFacts | undefined {
    const found = this.#device(cookie, ifindex);
    if (found === undefined || this.hidden.has(`${found.place} ${found.dev}`)) return undefined;
    const { device, netns } = found;
    const [peerPlace = '', peerDev = ''] = device.peer?.split(' ') ?? [];
    const peer = netnses[peerPlace];
    return {
      kind: device.kind,
      ...(peer === undefined
        ? {}
        : { peer: { netns: peer.cookie, ifindex: peer.devices[peerDev]!.ifindex } }),
      ...(device.master === undefined ? {} : { master: netns.devices[device.master]!.ifindex }),
    };
  }

  owns(cookie: number, ip: string): boolean | undefined {
    const netns = this.#byCookie.get(cookie)?.[1];
    return netns === undefined ? undefined : netns.ips.includes(ip) || ip.startsWith('127.') || ip === '::1';
  }

  netns(cookie: number): PlaceName {
    const found = this.#byCookie.get(cookie);
    if (found === undefined) return { label: `netns ${cookie}`, kind: 'netns' };
    const [name, { kind, node }] = found;
    return { label: name, kind, name: `lab-${name}`, ...(node === undefined ? {} : { node }) };
  }

  device(cookie: number, ifindex: number): DeviceFacts | undefined {
    const found = this.#device(cookie, ifindex);
    if (found === undefined) return undefined;
    const [label = '', dev = ''] = found.device.peer?.split(' ') ?? [];
    return {
      kind: found.device.kind,
      name: found.dev,
      ...(label === '' ? {} : { peer: { label, dev } }),
      ...(found.device.master === undefined ? {} : { master: found.device.master }),
    };
  }

  route(cookie: number, ip: string): RouteRef | undefined {
    return this.routes.get(`${this.#byCookie.get(cookie)?.[0]} ${ip}`);
  }

  endpoint({ ip, port: portNumber }: EndpointQuery): Endpoint {
    const withPort = portNumber === undefined ? { ip } : { ip, port: portNumber };
    const known = named[ip];
    if (known !== undefined) return { ...known, ...withPort };
    for (const [name, { kind, node: nodeName, ips }] of Object.entries(netnses)) {
      if (!ips.includes(ip)) continue;
      if (kind === 'pod') return { kind, namespace: 'default', name, node: nodeName!, ...withPort };
      return { kind: kind === 'host' ? 'host' : 'node', name, ...withPort };
    }
    return { kind: 'unknown', ...withPort };
  }

  #device(
    cookie: number,
    ifindex: number,
  ): { place: string; netns: Netns; dev: string; device: Device } | undefined {
    const found = this.#byCookie.get(cookie);
    if (found === undefined) return undefined;
    const [place, netns] = found;
    for (const [dev, device] of Object.entries(netns.devices))
      if (device.ifindex === ifindex) return { place, netns, dev, device };
    return undefined;
  }
}
