import { describe, expect, it } from 'vitest';
import { Names } from '../../../src/inventory/names.ts';
import type { NetnsSnapshot } from '../../../src/model/inventory.ts';
import {
  addresses,
  inventoryOf,
  labCluster,
  labNamespaces,
  ms,
  netns,
  oneLab,
  rootNetns,
  twoLabs,
  veth,
} from './machine.ts';

const now = 5000 * ms;
const at = (names: Names, viewer: number, ip: string, port?: number, proto = 'tcp') =>
  names.endpointOf(ip, port, proto, viewer, now);
const who = (names: Names, viewer: number, ip: string, port?: number, proto = 'tcp') => {
  const { kind, cluster, namespace, name } = at(names, viewer, ip, port, proto);
  return [
    kind,
    ...(cluster === undefined ? [] : [cluster]),
    ...(namespace === undefined ? [] : [namespace]),
    ...(name === undefined ? [] : [name]),
  ].join(' ');
};

describe('a place', () => {
  const names = twoLabs();

  it('is a pod on its node, a node, the host, another machine', () => {
    expect(names.placeOf(104, now)).toMatchObject({
      kind: 'pod',
      label: 'pod-a',
      node: 'node-1',
      cluster: 'lab:one',
      netnsName: 'one-pod-a',
    });
    expect(names.placeOf(206, now)).toMatchObject({
      kind: 'pod',
      label: 'nginx-2',
      node: 'node-2',
      cluster: 'lab:two',
    });
    expect(names.placeOf(103, now)).toMatchObject({ kind: 'node', node: 'node-2' });
    expect(names.placeOf(100, now)).toMatchObject({ kind: 'host', node: 'host', cluster: 'lab:one' });
    expect(names.placeOf(101, now)).toMatchObject({ kind: 'external', label: 'outside' });
    expect(names.placeOf(101, now)).not.toHaveProperty('node');
  });

  it('is the host for the own namespace, and unknown for one never seen', () => {
    expect(names.placeOf(3, now)).toEqual({ kind: 'host', node: 'host', label: 'host' });
    expect(names.placeOf(999, now)).toBeUndefined();
  });

  it('outside of any cluster is called by name, container, process, inode, whichever there is first', () => {
    const id = 'a'.repeat(64);
    const inventory = inventoryOf(
      netns(10, { names: ['blue'], processes: [{ pid: 7, comm: 'sh' }] }),
      netns(11, {
        processes: [
          { pid: 7, comm: 'redis', container: id },
          { pid: 8, comm: 'sh', container: id },
        ],
      }),
      netns(12, {
        processes: [
          { pid: 7, comm: 'pause', container: id },
          { pid: 8, comm: 'app', container: 'b'.repeat(64) },
        ],
      }),
      netns(13),
      netns(14, { names: ['0123456789ab'], processes: [{ pid: 7, comm: 'redis', container: id }] }),
    );
    const place = (cookie: number) => new Names(inventory).placeOf(cookie, now);
    expect(place(10)).toEqual({ kind: 'netns', label: 'blue', netnsName: 'blue' });
    expect(place(11)).toEqual({ kind: 'container', label: 'aaaaaaaaaaaa', container: 'aaaaaaaaaaaa' });
    expect(place(12)).toEqual({ kind: 'netns', label: 'pause[7]' });
    expect(place(13)).toEqual({ kind: 'netns', label: 'net:[4026532013]' });
    expect(place(14)).toMatchObject({ kind: 'container', label: 'aaaaaaaaaaaa' });
  });
});

describe('an address of a cluster', () => {
  const names = twoLabs();

  it('means the pod of the cluster that the viewer belongs to', () => {
    expect(who(names, 104, '10.244.2.7', 8080)).toBe('pod lab:one default nginx-2');
    expect(who(names, 204, '10.244.2.7', 8080)).toBe('pod lab:two default nginx-2');
    expect(who(names, 100, '10.244.2.7')).toBe('pod lab:one default nginx-2');
    expect(at(names, 104, '10.244.2.7', 8080)).toEqual({
      kind: 'pod',
      cluster: 'lab:one',
      namespace: 'default',
      name: 'nginx-2',
      node: 'node-2',
      ip: '10.244.2.7',
      port: 8080,
      labels: { app: 'nginx' },
    });
  });

  it('means nobody seen from a namespace that neither lab is linked to', () => {
    expect(at(names, 3, '10.244.2.7', 8080)).toEqual({ kind: 'external', ip: '10.244.2.7', port: 8080 });
    expect(at(names, 999, '10.244.2.7', 8080)).toEqual({ kind: 'unknown', ip: '10.244.2.7', port: 8080 });
  });

  it('of a service: by its cluster IP, also at a port that it does not have', () => {
    expect(at(names, 104, '10.96.45.123', 80)).toEqual({
      kind: 'service',
      cluster: 'lab:one',
      namespace: 'default',
      name: 'nginx-service',
      ip: '10.96.45.123',
      port: 80,
      portName: 'http',
    });
    expect(at(names, 104, '10.96.45.123', 81)).not.toHaveProperty('portName');
    expect(at(names, 104, '10.96.0.10', 53, 'tcp')).not.toHaveProperty('portName');
    expect(at(names, 104, '10.96.0.10', 53, 'udp')).toHaveProperty('portName', 'dns');
  });

  it('of a service by another address says which', () => {
    expect(at(names, 101, '172.18.255.200', 80)).toMatchObject({
      kind: 'service',
      name: 'nginx-service',
      entry: '172.18.255.200:80',
    });
    expect(at(names, 101, '172.18.0.100', 80)).toMatchObject({ kind: 'service', entry: '172.18.0.100:80' });
    expect(at(names, 101, '172.18.0.2', 30080)).toMatchObject({
      kind: 'service',
      portName: 'http',
      entry: '172.18.0.2:30080',
    });
  });

  it('of a node is the node at any other port or protocol', () => {
    expect(who(names, 104, '172.18.0.2', 30081)).toBe('node lab:one node-1');
    expect(who(names, 104, '172.18.0.2', 30080, 'udp')).toBe('node lab:one node-1');
    expect(who(names, 104, '172.18.0.3')).toBe('node lab:one node-2');
  });

  it("of a node's bridge or tunnel is the node", () => {
    expect(who(names, 104, '10.244.1.1')).toBe('node lab:one node-1');
    expect(who(names, 106, '10.244.1.0')).toBe('node lab:one node-1');
  });

  it('of a machine beside the cluster, by any of its addresses', () => {
    expect(at(names, 104, '203.0.113.10', 80)).toMatchObject({
      kind: 'external',
      name: 'outside',
      cluster: 'lab:one',
    });
    expect(at(names, 104, '172.18.0.1')).toMatchObject({ kind: 'host', name: 'host', node: 'host' });
    expect(at(names, 104, '203.0.113.1')).toMatchObject({ kind: 'host', node: 'host', cluster: 'lab:one' });
  });

  it('that nobody has stays an address: unknown within, external beyond', () => {
    expect(at(names, 104, '10.244.1.99', 80)).toEqual({ kind: 'unknown', ip: '10.244.1.99', port: 80 });
    expect(at(names, 104, '10.96.45.1')).toEqual({ kind: 'unknown', ip: '10.96.45.1' });
    expect(at(names, 104, '172.18.0.77')).toEqual({ kind: 'unknown', ip: '172.18.0.77' });
    expect(at(names, 104, '8.8.8.8', 53, 'udp')).toEqual({ kind: 'external', ip: '8.8.8.8', port: 53 });
  });
});

describe('addresses that mean no single host', () => {
  const names = oneLab();
  it.each([
    ['224.0.0.251', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['172.18.255.255', 'broadcast'],
    ['0.0.0.0', 'unknown'],
    ['::', 'unknown'],
    ['no address', 'unknown'],
  ])('%s is %s', (ip, kind) => {
    expect(at(names, 102, ip)).toEqual({ kind, ip });
  });

  it('loopback is the viewer', () => {
    expect(who(names, 104, '127.0.0.1', 80)).toBe('pod lab:one default pod-a');
    expect(who(names, 3, '::1')).toBe('host host');
  });

  it('link-local is somebody on the same link, or nobody', () => {
    expect(who(names, 104, 'fe80::1')).toBe('pod lab:one default pod-a');
    expect(who(names, 102, 'fe80::1')).toBe('unknown');
    expect(who(names, 106, 'fe80::2')).toBe('unknown');
    const chain = new Names(
      inventoryOf(
        netns(10, { names: ['left'], links: [veth(2, 'eth0', 2, 11)] }),
        netns(11, {
          names: ['middle'],
          links: [veth(2, 'a', 2, 10), veth(3, 'b', 2, 12)],
          addresses: addresses([2, 'fe80::b/64']),
        }),
        netns(12, {
          names: ['right'],
          links: [veth(2, 'eth0', 3, 11)],
          addresses: addresses([2, 'fe80::c/64']),
        }),
      ),
    );
    expect(who(chain, 10, 'fe80::b')).toBe('netns middle');
    expect(who(chain, 10, 'fe80::c')).toBe('unknown');
  });
});

describe('an address that two of one cluster have', () => {
  it("of nodes, as a gateway of kindnet's kind, is no node's", () => {
    const gateway = (cookie: number, ifindex: number) => (space: NetnsSnapshot) =>
      space.cookie === String(cookie)
        ? { ...space, addresses: [...space.addresses, ...addresses([ifindex, '10.9.9.1/32'])] }
        : space;
    const spaces = labNamespaces('one', 100).map(gateway(102, 3)).map(gateway(103, 3));
    const names = new Names(inventoryOf(...spaces), [labCluster('lab:one', 100)]);
    expect(who(names, 104, '10.9.9.1')).toBe('unknown');
    expect(who(names, 102, '10.9.9.1')).toBe('node lab:one node-1');
  });

  it('of pods that both have it now, is none', () => {
    const cluster = labCluster('lab:one', 100);
    const twin = { ...cluster.pods[1]!, name: 'twin', ips: ['10.244.2.7'] };
    const spaces = labNamespaces('one', 100).map(space =>
      space.cookie === '105' ? { ...space, addresses: addresses([2, '10.244.2.7/24']) } : space,
    );
    const names = new Names(inventoryOf(...spaces), [{ ...cluster, pods: [...cluster.pods, twin] }]);
    expect(who(names, 104, '10.244.2.7')).toBe('unknown');
  });

  it('of pods that cannot be told apart, is none', () => {
    const cluster = labCluster('kind');
    const twin = { ...cluster.pods[0]!, name: 'twin' };
    const names = new Names(inventoryOf(...labNamespaces('one', 100)), [
      { ...cluster, pods: [...cluster.pods, twin] },
    ]);
    expect(names.placeOf(104, now)?.kind).toBe('netns');
    expect(who(names, 106, '10.244.1.5')).toBe('unknown');
  });
});

describe('names in time', () => {
  it('a place told for the present is told anew when the cluster changes', () => {
    const names = oneLab();
    expect(names.placeOf(106, now)?.label).toBe('nginx-2');
    const cluster = labCluster('lab:one', 100);
    names.apply(
      { ...cluster, pods: cluster.pods.map(pod => ({ ...pod, name: `${pod.name}-x` })) },
      6000 * ms,
    );
    expect(names.placeOf(106, 6000 * ms)?.label).toBe('nginx-2-x');
    expect(names.placeOf(106, now)?.label).toBe('nginx-2');
  });

  it('a pod that takes over an address is named from then on', () => {
    const names = oneLab();
    const before = labCluster('lab:one', 100);
    const after = {
      ...before,
      pods: before.pods.map(pod => (pod.name === 'nginx-2' ? { ...pod, name: 'nginx-9' } : pod)),
    };
    names.apply(after, 3000 * ms);
    expect(names.endpointOf('10.244.2.7', 80, 'tcp', 104, 2999 * ms).name).toBe('nginx-2');
    expect(names.endpointOf('10.244.2.7', 80, 'tcp', 104, 3000 * ms).name).toBe('nginx-9');
    expect(names.placeOf(106, 2000 * ms)?.label).toBe('nginx-2');
    expect(names.placeOf(106, 3000 * ms)?.label).toBe('nginx-9');
  });

  it('a cluster that is gone names nothing any more', () => {
    const names = oneLab();
    names.apply({ name: 'lab:one', gone: true }, 3000 * ms);
    expect(names.placeOf(104, 2000 * ms)?.kind).toBe('pod');
    expect(names.placeOf(104, 3000 * ms)).toMatchObject({ kind: 'netns', label: 'one-pod-a' });
  });

  it('an answer does not outlive a change of the inventory', () => {
    const names = new Names(
      inventoryOf(rootNetns, netns(10, { names: ['blue'], links: [veth(2, 'eth0', 9, 11)] })),
    );
    expect(names.endpointOf('10.0.0.2', undefined, 'icmp', 10, now).kind).toBe('external');
    names.inventory.apply(
      netns(11, {
        names: ['red'],
        links: [veth(9, 'eth0', 2, 10)],
        addresses: addresses([9, '10.0.0.2/24']),
        at: 4000 * ms,
      }),
    );
    expect(names.endpointOf('10.0.0.2', undefined, 'icmp', 10, now)).toMatchObject({
      kind: 'netns',
      name: 'red',
    });
    expect(names.endpointOf('10.0.0.2', undefined, 'icmp', 10, 3000 * ms).kind).toBe('external');
  });

  it('of two pods with one address the one whose namespace is still there is meant', () => {
    const cluster = labCluster('lab:one', 100);
    const finished = { ...cluster.pods[2]!, name: 'finished', netnsCookie: '190' };
    const names = new Names(inventoryOf(...labNamespaces('one', 100)), [
      { ...cluster, pods: [...cluster.pods, finished] },
    ]);
    expect(who(names, 104, '10.244.2.7')).toBe('pod lab:one default nginx-2');
  });

  it("a pod of the host's network does not take its node's address", () => {
    const cluster = labCluster('lab:one', 100);
    const proxy = {
      namespace: 'kube-system',
      name: 'kube-proxy',
      node: 'node-1',
      ips: ['172.18.0.2'],
      containers: [],
      hostNetwork: true,
    } as const;
    const names = new Names(inventoryOf(...labNamespaces('one', 100)), [
      { ...cluster, pods: [proxy, ...cluster.pods] },
    ]);
    expect(who(names, 104, '172.18.0.2', 10250)).toBe('node lab:one node-1');
  });
});
