/** Which cluster, or which namespace, an address is looked for in. */
import { describe, expect, it } from 'vitest';
import { Names } from '../../../src/inventory/names.ts';
import type { NetnsSnapshot } from '../../../src/model/inventory.ts';
import {
  addresses,
  inventoryOf,
  labCluster,
  labNamespaces,
  link,
  ms,
  netns,
  rootNetns,
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

describe('without any cluster', () => {
  const host = netns(3, {
    own: true,
    links: [link(2, 'eth0'), veth(3, 'va', 2, 10), veth(4, 'vb', 2, 11)],
    addresses: addresses([2, '192.168.1.2/24'], [3, '10.0.0.1/24']),
  });
  const leaf = (cookie: number, name: string, ip: string): NetnsSnapshot =>
    netns(cookie, {
      names: [name],
      links: [veth(2, 'eth0', cookie - 7, 3)],
      addresses: addresses([2, `${ip}/24`]),
    });

  it('an address belongs to whoever owns it among the linked namespaces', () => {
    const names = new Names(inventoryOf(host, leaf(10, 'blue', '10.0.0.2'), leaf(11, 'red', '10.0.0.3')));
    expect(who(names, 3, '10.0.0.2')).toBe('netns blue');
    expect(who(names, 11, '10.0.0.2')).toBe('netns blue');
    expect(who(names, 10, '192.168.1.2')).toBe('host host');
    expect(who(names, 10, '10.0.0.2')).toBe('netns blue');
  });

  it('of two owners none is named, unless the viewer is one', () => {
    const names = new Names(inventoryOf(host, leaf(10, 'blue', '10.0.0.2'), leaf(11, 'red', '10.0.0.2')));
    expect(at(names, 3, '10.0.0.2')).toEqual({ kind: 'unknown', ip: '10.0.0.2' });
    expect(who(names, 11, '10.0.0.2')).toBe('netns red');
  });

  it('an owner that no link leads to is not meant', () => {
    const apart = netns(20, {
      names: ['apart'],
      links: [link(2, 'eth0')],
      addresses: addresses([2, '10.0.9.2/24']),
    });
    const names = new Names(inventoryOf(host, apart));
    expect(at(names, 3, '10.0.9.2')).toEqual({ kind: 'external', ip: '10.0.9.2' });
  });

  it("a neighbour in the host's own network is external, a hole in a network of the machine unknown", () => {
    const names = new Names(inventoryOf(host, leaf(10, 'blue', '10.0.0.2')));
    expect(who(names, 3, '192.168.1.7')).toBe('external');
    expect(who(names, 3, '10.0.0.9')).toBe('unknown');
  });

  it('follows a macvlan to the device below and back', () => {
    const above = netns(30, {
      names: ['mac'],
      links: [link(2, 'eth0', { kind: 'macvlan', lower: { ifindex: 2, netns: '3' } })],
      addresses: addresses([2, '192.168.1.9/24']),
    });
    const names = new Names(inventoryOf(host, above));
    expect(who(names, 3, '192.168.1.9')).toBe('netns mac');
    expect(who(names, 30, '192.168.1.2')).toBe('host host');
  });
});

describe('a cluster that knows no namespaces', () => {
  const names = new Names(inventoryOf(rootNetns, ...labNamespaces('one', 100)), [
    labCluster('kind', undefined),
  ]);

  it('has its nodes and pods found by address', () => {
    expect(names.placeOf(102, now)).toMatchObject({ kind: 'node', node: 'node-1', cluster: 'kind' });
    expect(names.placeOf(104, now)).toMatchObject({ kind: 'pod', label: 'pod-a', node: 'node-1' });
    expect(who(names, 104, '10.244.2.7')).toBe('pod kind default nginx-2');
  });

  it('is not guessed at where two namespaces own the same address', () => {
    const both = inventoryOf(...labNamespaces('one', 100), ...labNamespaces('two', 200));
    const ambiguous = new Names(both, [labCluster('kind', undefined)]);
    expect(ambiguous.placeOf(102, now)).toMatchObject({ kind: 'netns', label: 'one-node-1' });
    expect(ambiguous.placeOf(104, now)).toMatchObject({ kind: 'netns', label: 'one-pod-a' });
  });

  it('is named from the host that it hangs on', () => {
    const host = { ...labNamespaces('one', 100)[0]!, own: true };
    const machine = new Names(inventoryOf(host, ...labNamespaces('one', 100).slice(1)), [
      { ...labCluster('kind', undefined), machines: [] },
    ]);
    expect(who(machine, 100, '10.244.2.7')).toBe('pod kind default nginx-2');
    expect(who(machine, 100, '172.18.0.1')).toBe('host host');
    expect(who(machine, 101, '172.18.0.2', 30080)).toBe('service kind default nginx-service');
  });
});

describe('two clusters on one host', () => {
  // As two kind clusters on one Docker network: the same pod addresses, other node addresses.
  const [, , ...first] = labNamespaces('one', 100);
  const [, , ...second] = labNamespaces('two', 200);
  const host = netns(3, {
    own: true,
    links: [veth(3, 'a1', 2, 102), veth(4, 'a2', 2, 103), veth(5, 'b1', 2, 202), veth(6, 'b2', 2, 203)],
    addresses: addresses([3, '172.18.0.1/16']),
  });
  const toHost = (list: readonly NetnsSnapshot[]) =>
    list.map(space => ({
      ...space,
      links: space.links.map(each =>
        each.name === 'eth0' && space.names[0]!.includes('node') ? veth(2, 'eth0', 3, 3) : each,
      ),
    }));
  const inventory = inventoryOf(host, ...toHost(first), ...toHost(second));
  const other = labCluster('kind-b', 200);
  const names = new Names(inventory, [
    { ...labCluster('kind-a', 100), machines: [] },
    {
      ...other,
      machines: [],
      nodes: other.nodes.map(node => ({ ...node, ips: [`172.18.1.${node.name.at(-1)}`] })),
    },
  ]);

  it('leave a pod address alone on the host, where it could be either', () => {
    expect(at(names, 3, '10.244.2.7')).toEqual({ kind: 'unknown', ip: '10.244.2.7' });
    expect(who(names, 3, '172.18.1.2')).toBe('node kind-b node-2');
  });

  it('each have their own inside, though linked by the host', () => {
    expect(who(names, 104, '10.244.2.7')).toBe('pod kind-a default nginx-2');
    expect(who(names, 203, '10.244.2.7')).toBe('pod kind-b default nginx-2');
  });
});
