/** The inventory as correlation and resolution ask for it, and where netfilter links are worth their cost. */
import { describe, expect, test } from 'vitest';
import { hookPlaces } from '../../../src/engine/hook-places.ts';
import { HostPlaces } from '../../../src/engine/places.ts';
import { Names } from '../../../src/inventory/names.ts';
import { select } from '../../../src/inventory/selectors.ts';
import { inventoryOf, labCluster, labNamespaces, rootNetns } from '../inventory/machine.ts';

const ms = 1_000_000;
const at = 1500 * ms;
const forwarding = labNamespaces('one', 100).map(each =>
  each.cookie === '100' || each.cookie === '102' || each.cookie === '103'
    ? { ...each, ipForward: true }
    : each,
);
const inventory = inventoryOf(rootNetns, ...forwarding);
const names = new Names(inventory, [labCluster('lab:one', 100)]);
const places = new HostPlaces(inventory, names);

describe('links', () => {
  test.each([
    [104, 1, { kind: 'loopback' }],
    [104, 2, { kind: 'veth', peer: { netns: 102, ifindex: 5 } }],
    [102, 5, { kind: 'veth', peer: { netns: 104, ifindex: 2 }, master: 3 }],
    [102, 3, { kind: 'bridge' }],
    [102, 4, { kind: 'vxlan' }],
    [3, 2, { kind: 'other' }],
  ])('of namespace %i, device %i', (netns, ifindex, facts) => {
    expect(places.link(netns, ifindex, at)).toEqual(facts);
  });

  test('that nobody knows are counted, so that the collector looks again', () => {
    const before = places.misses;
    expect(places.link(104, 99, at)).toBeUndefined();
    expect(places.link(999, 1, at)).toBeUndefined();
    expect(places.owns(999, '10.0.0.1', at)).toBeUndefined();
    expect(places.misses).toBe(before + 3);
  });
});

test('a namespace owns its addresses', () => {
  expect(places.owns(104, '10.244.1.5', at)).toBe(true);
  expect(places.owns(104, '10.244.1.6', at)).toBe(false);
  expect(places.owns(104, '127.0.0.1', at)).toBe(true);
});

test('places have the names of the cluster', () => {
  expect(places.netns(104, at)).toMatchObject({
    label: 'pod-a',
    kind: 'pod',
    node: 'node-1',
    name: 'one-pod-a',
  });
  expect(places.netns(102, at)).toMatchObject({ label: 'node-1', kind: 'node' });
  expect(places.netns(999, at)).toEqual({ label: 'netns 999', kind: 'netns' });
});

test('devices have their other end and their bridge', () => {
  expect(places.device(102, 5, at)).toEqual({
    kind: 'veth',
    name: 'va',
    peer: { label: 'pod-a', dev: 'eth0' },
    master: 'cni0',
  });
  expect(places.device(102, 99, at)).toBeUndefined();
});

test('routes and endpoints', () => {
  expect(places.route(102, '10.244.2.7', at)).toMatchObject({
    prefix: '10.244.2.0/24',
    via: '10.244.2.0',
    dev: 'flannel.1',
  });
  const query = { ip: '10.96.45.123', port: 80, proto: 'tcp', netns: 104, timeNs: at };
  expect(places.endpoint(query)).toMatchObject({ kind: 'service', name: 'nginx-service', portName: 'http' });
});

describe('what was asked before', () => {
  const answers = (of: HostPlaces, timeNs: number) => [
    of.link(102, 5, timeNs),
    of.device(102, 5, timeNs),
    of.device(104, 2, timeNs),
    of.netns(104, timeNs),
  ];

  test('is told again without looking, at whatever later time', () => {
    const [link, device, , name] = answers(places, at);
    const later = answers(places, 9000 * ms);
    expect(later[0]).toBe(link);
    expect(later[1]).toBe(device);
    expect(later[3]).toBe(name);
  });

  test('is forgotten with every change, and never told of the past', () => {
    const host = inventoryOf(rootNetns, ...forwarding);
    const known = new Names(host, [labCluster('lab:one', 100)]);
    const kept = new HostPlaces(host, known);
    const times = [1000, 1500, 2000, 2050, 2101, 3000, 3101].map(each => each * ms);
    const compare = (): void => {
      for (const time of times)
        expect(answers(kept, time)).toEqual(answers(new HostPlaces(host, known), time));
    };
    compare();
    const node = forwarding.find(each => each.cookie === '102')!;
    const renamed = node.links.map(each => (each.ifindex === 5 ? { ...each, name: 'vz', mtu: 9000 } : each));
    host.apply({ ...node, timeNs: String(2000 * ms), links: renamed });
    compare();
    expect(kept.device(102, 5, 3000 * ms)?.name).toBe('vz');
    host.apply({ ...node, timeNs: String(3000 * ms), links: node.links.filter(each => each.ifindex !== 5) });
    compare();
    expect(kept.device(102, 5, 3050 * ms)?.name).toBe('vz');
    expect(kept.device(102, 5, 3101 * ms)).toBeUndefined();
    known.apply({ name: 'lab:one', gone: true }, 4000 * ms);
    times.push(4000 * ms, 5000 * ms);
    compare();
    expect(kept.netns(104, 4000 * ms).kind).toBe('netns');
  });
});

describe('netfilter links', () => {
  const target = (src: string, dst: string) => ({
    src: select(src, names),
    dst: select(dst, names),
    dnsIps: [],
  });

  test('are put where packets on the way are forwarded, in no pod', () => {
    const found = hookPlaces(target('pod-a', 'nginx-service'), names);
    expect(new Set(found.map(({ cookie }) => cookie))).toEqual(new Set(['100', '102', '103']));
  });

  test('of the families that are followed', () => {
    const families = (src: string, dst: string) =>
      new Set(hookPlaces(target(src, dst), names).map(({ family }) => family));
    expect(families('pod-a', '10.96.45.123')).toEqual(new Set([4]));
  });

  test('tell what they can: nothing between pods, the translation of a service, all where a node is an end', () => {
    const hooks = (src: string, dst: string) => hookPlaces(target(src, dst), names)[0]?.hooks;
    expect(hooks('pod-a', 'nginx-2')).toBeUndefined();
    expect(hooks('pod-a', 'nginx-service')).toEqual(['prerouting', 'forward', 'postrouting']);
    const all = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
    expect(hooks('pod-a', 'node-2')).toEqual(all);
    expect(hooks('pod-a', '203.0.113.9')).toEqual(all);
    expect(hooks('pod-a', 'any')).toEqual(all);
  });

  test('nowhere without a namespace to begin at', () => {
    expect(hookPlaces(target('any', 'any'), names)).toEqual([]);
  });
});
