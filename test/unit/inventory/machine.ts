/** Hand-written namespaces and clusters for the tests of src/inventory. */
import { Inventory } from '../../../src/inventory/inventory.ts';
import { Names } from '../../../src/inventory/names.ts';
import type { ClusterSnapshot, LinkSnapshot, NetnsSnapshot } from '../../../src/model/inventory.ts';

export const ms = 1_000_000;

export function netns(
  cookie: number,
  facts: Partial<NetnsSnapshot> & { readonly at?: number } = {},
): NetnsSnapshot {
  const { at = 1000 * ms, ...rest } = facts;
  return {
    timeNs: String(at),
    cookie: String(cookie),
    inode: 4026532000 + cookie,
    own: false,
    names: [],
    processes: [],
    links: [link(1, 'lo', { kind: 'loopback' })],
    addresses: [],
    routes: [],
    neighbours: [],
    fdb: [],
    ...rest,
  };
}

export function link(ifindex: number, name: string, facts: Partial<LinkSnapshot> = {}): LinkSnapshot {
  return { ifindex, name, mtu: 1500, up: true, ...facts };
}

export function veth(
  ifindex: number,
  name: string,
  peer: number,
  cookie: number,
  facts: Partial<LinkSnapshot> = {},
): LinkSnapshot {
  return link(ifindex, name, { kind: 'veth', peer: { ifindex: peer, netns: String(cookie) }, ...facts });
}

const lo = link(1, 'lo', { kind: 'loopback' });

export function addresses(...list: readonly (readonly [number, string])[]): NetnsSnapshot['addresses'] {
  return list.map(([ifindex, cidr]) => {
    const [ip = '', prefixLen] = cidr.split('/');
    return { ifindex, ip, prefixLen: Number(prefixLen) };
  });
}

/**
 * A lab of two nodes: cookies base+0 host, +1 outside, +2 node-1, +3 node-2, +4 pod-a, +5 nginx-1 (both node-1), +6 nginx-2
 * (node-2). Every lab has the same addresses and interface numbers.
 */
export function labNamespaces(lab: string, base: number): NetnsSnapshot[] {
  const vxlan = (local: string) => ({ vni: 1, port: 8472, local, learning: false });
  return [
    netns(base, {
      names: [`${lab}-host`],
      links: [
        lo,
        link(2, 'docker0', { kind: 'bridge' }),
        veth(3, 'vn1', 2, base + 2, { master: 2 }),
        veth(4, 'vn2', 2, base + 3, { master: 2 }),
        veth(5, 'eth0', 2, base + 1),
      ],
      addresses: addresses([2, '172.18.0.1/16'], [5, '203.0.113.1/24']),
    }),
    netns(base + 1, {
      names: [`${lab}-outside`],
      links: [lo, veth(2, 'eth0', 5, base)],
      addresses: addresses([2, '203.0.113.10/24']),
    }),
    netns(base + 2, {
      names: [`${lab}-node-1`],
      links: [
        lo,
        veth(2, 'eth0', 3, base),
        link(3, 'cni0', { kind: 'bridge' }),
        link(4, 'flannel.1', { kind: 'vxlan', vxlan: vxlan('172.18.0.2') }),
        veth(5, 'va', 2, base + 4, { master: 3 }),
        veth(6, 'vb', 2, base + 5, { master: 3 }),
      ],
      addresses: addresses(
        [1, '127.0.0.1/8'],
        [2, '172.18.0.2/16'],
        [3, '10.244.1.1/24'],
        [4, '10.244.1.0/32'],
      ),
      routes: [
        { table: 254, dst: '0.0.0.0/0', via: '172.18.0.1', ifindex: 2, type: 'unicast' },
        { table: 254, dst: '10.244.2.0/24', via: '10.244.2.0', ifindex: 4, type: 'unicast' },
        { table: 254, dst: '10.244.1.0/24', ifindex: 3, src: '10.244.1.1', type: 'unicast' },
        { table: 100, dst: '10.244.2.7/32', ifindex: 2, type: 'unicast' },
        { table: 254, dst: '192.0.2.0/24', ifindex: 2, metric: 20, type: 'unicast' },
        { table: 254, dst: '192.0.2.0/24', metric: 10, type: 'blackhole' },
      ],
      fdb: [{ ifindex: 4, mac: '02:00:00:00:00:02', dst: '172.18.0.3' }],
    }),
    netns(base + 3, {
      names: [`${lab}-node-2`],
      links: [
        lo,
        veth(2, 'eth0', 4, base),
        link(3, 'cni0', { kind: 'bridge' }),
        link(4, 'flannel.1', { kind: 'vxlan', vxlan: vxlan('172.18.0.3') }),
        veth(5, 'vc', 2, base + 6, { master: 3 }),
      ],
      addresses: addresses([2, '172.18.0.3/16'], [3, '10.244.2.1/24'], [4, '10.244.2.0/32']),
      fdb: [{ ifindex: 4, mac: '02:00:00:00:00:01', dst: '172.18.0.2' }],
    }),
    pod(base + 4, `${lab}-pod-a`, '10.244.1.5/24', 5, base + 2),
    pod(base + 5, `${lab}-nginx-1`, '10.244.1.6/24', 6, base + 2),
    pod(base + 6, `${lab}-nginx-2`, '10.244.2.7/24', 5, base + 3),
  ];
}

function pod(cookie: number, name: string, cidr: string, peer: number, node: number): NetnsSnapshot {
  return netns(cookie, {
    names: [name],
    links: [lo, veth(2, 'eth0', peer, node)],
    addresses: addresses([1, '127.0.0.1/8'], [2, cidr], [2, 'fe80::1/64']),
    processes: [{ pid: cookie * 10, comm: 'nginx' }],
  });
}

/** What that lab says about itself; `base` absent: it knows no namespaces, like a Kubernetes API. */
export function labCluster(name: string, base?: number): ClusterSnapshot {
  const at = (offset: number) => (base === undefined ? {} : { netnsCookie: String(base + offset) });
  const podOf = (pod: string, node: string, ip: string, app: string, offset: number) => ({
    namespace: 'default',
    name: pod,
    node,
    ips: [ip],
    labels: { app },
    containers: ['main'],
    ...at(offset),
  });
  return {
    name,
    nodes: [
      { name: 'node-1', ips: ['172.18.0.2'], podCidrs: ['10.244.1.0/24'], ...at(2) },
      { name: 'node-2', ips: ['172.18.0.3'], podCidrs: ['10.244.2.0/24'], ...at(3) },
    ],
    pods: [
      podOf('pod-a', 'node-1', '10.244.1.5', 'client', 4),
      podOf('nginx-1', 'node-1', '10.244.1.6', 'nginx', 5),
      podOf('nginx-2', 'node-2', '10.244.2.7', 'nginx', 6),
    ],
    services: [
      {
        namespace: 'default',
        name: 'nginx-service',
        type: 'LoadBalancer',
        clusterIps: ['10.96.45.123'],
        externalIps: ['172.18.0.100'],
        loadBalancerIps: ['172.18.255.200'],
        ports: [
          {
            name: 'http',
            protocol: 'tcp',
            port: 80,
            nodePort: 30080,
            endpoints: [
              { ip: '10.244.1.6', port: 8080 },
              { ip: '10.244.2.7', port: 8080 },
            ],
          },
        ],
      },
      {
        namespace: 'kube-system',
        name: 'kube-dns',
        type: 'ClusterIP',
        clusterIps: ['10.96.0.10'],
        externalIps: [],
        loadBalancerIps: [],
        ports: [{ name: 'dns', protocol: 'udp', port: 53, endpoints: [] }],
      },
    ],
    machines: [
      { name: 'host', kind: 'host', ips: ['172.18.0.1'], ...at(0) },
      { name: 'outside', kind: 'external', ips: ['203.0.113.10'], ...at(1) },
    ],
  };
}

/** The machine's own namespace, which has nothing to do with a lab. */
export const rootNetns = netns(3, {
  own: true,
  links: [lo, link(2, 'eth0')],
  addresses: addresses([1, '127.0.0.1/8'], [2, '192.168.1.2/24']),
  processes: [{ pid: 1, comm: 'systemd' }],
});

export function inventoryOf(...frames: readonly NetnsSnapshot[]): Inventory {
  const inventory = new Inventory();
  for (const frame of frames) inventory.apply(frame);
  return inventory;
}

/** Two labs of the same addresses on one machine: cookies from 100 and from 200. */
export function twoLabs(): Names {
  const inventory = inventoryOf(rootNetns, ...labNamespaces('one', 100), ...labNamespaces('two', 200));
  return new Names(inventory, [labCluster('lab:one', 100), labCluster('lab:two', 200)]);
}

export function oneLab(): Names {
  return new Names(inventoryOf(rootNetns, ...labNamespaces('one', 100)), [labCluster('lab:one', 100)]);
}
