/** A node as the inventory has it, with the tables that explanations look into, and hops at it. */

import type { Surroundings } from '../../../src/explain/surroundings.ts';
import { NetnsView } from '../../../src/inventory/netns-view.ts';
import type { NetnsSnapshot } from '../../../src/model/inventory.ts';
import type { ConntrackRef, Endpoint, Tuple } from '../../../src/model/journey.ts';
import type { HopFacts } from '../../../src/words/hop-facts.ts';

const link = (ifindex: number, name: string, kind: string, mac: string, master?: number) => ({
  ifindex,
  name,
  kind,
  mac,
  mtu: 1500,
  up: true,
  ...(master === undefined ? {} : { master }),
});

export const snapshot: NetnsSnapshot = {
  timeNs: '0',
  cookie: '1',
  inode: 2,
  own: false,
  names: ['lab-node-1'],
  processes: [{ pid: 4711, comm: 'kubelet' }],
  links: [
    link(2, 'eth0', 'veth', '02:00:00:00:00:02'),
    link(3, 'cni0', 'bridge', '0a:00:00:00:00:01'),
    link(4, 'flannel.1', 'vxlan', '0e:00:00:00:00:01'),
    link(5, 'veth1', 'veth', '0b:00:00:00:00:05', 3),
    link(6, 'veth2', 'veth', '0b:00:00:00:00:06', 3),
  ],
  addresses: [
    { ifindex: 2, ip: '172.18.0.2', prefixLen: 16 },
    { ifindex: 3, ip: '10.244.1.1', prefixLen: 24 },
    { ifindex: 2, ip: 'fd00::2', prefixLen: 64 },
  ],
  routes: [
    { table: 254, dst: '172.18.0.0/16', ifindex: 2, type: 'unicast' },
    { table: 254, dst: '10.244.1.0/24', ifindex: 3, type: 'unicast' },
    { table: 254, dst: '10.244.2.0/24', via: '10.244.2.0', ifindex: 4, type: 'unicast' },
    { table: 254, dst: '0.0.0.0/0', via: '172.18.0.1', ifindex: 2, type: 'unicast' },
  ],
  neighbours: [
    { ifindex: 2, ip: '172.18.0.3', mac: '02:00:00:00:00:03', state: 'reachable' },
    { ifindex: 4, ip: '10.244.2.0', mac: '0e:00:00:00:00:02', state: 'permanent' },
  ],
  fdb: [
    { ifindex: 5, mac: '0a:00:00:00:00:05' },
    { ifindex: 4, mac: '0e:00:00:00:00:02', dst: '172.18.0.3' },
  ],
};

const names: Readonly<Record<string, Partial<Endpoint>>> = {
  '10.96.45.123': { kind: 'service', namespace: 'default', name: 'nginx-service' },
  '10.244.2.7': { kind: 'pod', namespace: 'default', name: 'nginx-2' },
};

export const node: Surroundings = {
  label: 'node-1',
  view: new NetnsView(snapshot, 0),
  who: ip => ({ kind: 'unknown', ip, ...names[ip] }),
};

export const tuple: Tuple = { proto: 'tcp', src: '10.244.1.5', sport: 5, dst: '10.96.45.123', dport: 80 };

export const ct: ConntrackRef = {
  zone: 0,
  id: 'a',
  orig: tuple,
  reply: { proto: 'tcp', src: '10.244.2.7', sport: 8080, dst: '10.244.1.5', dport: 5 },
  dir: 'orig',
  state: 'new',
};

/** Out by the node's eth0, unless told otherwise. */
export const hop = (facts: Partial<HopFacts>): HopFacts => ({
  offsetNs: 0,
  layer: 'device',
  stage: 'tx',
  netns: { cookie: '1', inode: 2, name: 'lab-node-1' },
  dev: 'eth0',
  ifindex: 2,
  changes: [],
  ...facts,
});
