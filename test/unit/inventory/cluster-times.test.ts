/** What a cluster says changes while packets go by: a name is the one that was valid then, or none. */
import { describe, expect, it } from 'vitest';
import { Names } from '../../../src/inventory/names.ts';
import type { ClusterChange, ClusterPod, NetnsSnapshot } from '../../../src/model/inventory.ts';
import { addresses, inventoryOf, labCluster, labNamespaces, ms, netns, rootNetns, veth } from './machine.ts';

const uidA = '7b97af43-0000-4000-8000-00000000000a';
const uidB = '7b97af43-0000-4000-8000-00000000000b';
const IP = '10.244.1.5';
/** Namespaces of the machine below. */
const host = 100;
const node1 = 102;
const podA = 104;
const podB = 150;

const podOf = (name: string, uid: string, more: Partial<ClusterPod> = {}): ClusterPod => ({
  namespace: 'default',
  name,
  node: 'node-1',
  ips: [IP],
  containers: ['main'],
  uid,
  ...more,
});

const change = (atMs: number, more: Partial<ClusterChange>): ClusterChange => ({
  timeNs: String(atMs * ms),
  name: 'kind',
  gone: {},
  nodes: [],
  pods: [],
  services: [],
  ...more,
});

function nsOfPod(cookie: number, uid: string | undefined, at: number): NetnsSnapshot {
  return netns(cookie, {
    at: at * ms,
    links: [veth(2, 'eth0', cookie === podA ? 5 : 7, node1)],
    addresses: addresses([2, `${IP}/24`]),
    processes: uid === undefined ? [] : [{ pid: 40, comm: 'pause', pod: uid, container: 'c'.repeat(64) }],
  });
}

/** A cluster that knows no namespaces, with pod-a alone; `uid`: what pod-a's cgroup says. */
function machine(uid: string | undefined): Names {
  const spaces = labNamespaces('one', 100).map(({ names: _names, ...space }) =>
    space.cookie === String(podA) ? nsOfPod(podA, uid, 1000) : { ...space, names: [] },
  );
  const names = new Names(inventoryOf(rootNetns, ...spaces));
  const { pods: _pods, machines: _machines, ...rest } = labCluster('kind');
  names.apply({ ...rest, pods: [podOf('pod-a', uidA)], machines: [], timeNs: String(1500 * ms) });
  return names;
}

const nameAt = (names: Names, atMs: number, viewer = node1): string => {
  const { kind, name } = names.endpointOf(IP, undefined, 'tcp', viewer, atMs * ms);
  return name ?? kind;
};

describe('a process that is on its way into a pod', () => {
  const starting = { pid: 9, comm: 'runc:[2:INIT]', pod: uidA, container: 'c'.repeat(64) };
  const systemd = { pid: 50, comm: 'systemd', container: 'd'.repeat(64) };

  it('does not make its node, or this machine, the pod', () => {
    const names = machine(uidA);
    const node = labNamespaces('one', 100).find(({ cookie }) => cookie === String(node1))!;
    names.inventory.apply({ ...node, timeNs: String(2000 * ms), names: [], processes: [starting, systemd] });
    names.inventory.apply({ ...rootNetns, timeNs: String(2000 * ms), processes: [starting] });
    expect(names.placeOf(node1)).toMatchObject({ kind: 'node', label: 'node-1' });
    expect(names.placeOf(rootNetns.cookie)).toMatchObject({ kind: 'host' });
    expect(names.placeOf(podA)?.label).toBe('pod-a');
  });

  it('who looks into a pod from outside changes nothing', () => {
    const names = machine(uidA);
    const pod = nsOfPod(podA, uidA, 2000);
    names.inventory.apply({ ...pod, processes: [{ pid: 8, comm: 'nsenter' }, ...pod.processes] });
    expect(names.placeOf(podA)?.label).toBe('pod-a');
  });
});

describe('an address that another pod gets', () => {
  it('is the new one as soon as its namespace has it, and nobody until the cluster tells of it', () => {
    const names = machine(uidA);
    expect(nameAt(names, 2000)).toBe('pod-a');
    names.inventory.apply({ timeNs: String(3000 * ms), cookie: String(podA), gone: true });
    expect(nameAt(names, 3100)).toBe('pod-a'); // the last that had it
    names.inventory.apply(nsOfPod(podB, uidB, 3500));
    expect(nameAt(names, 3600)).toBe('unknown'); // the cluster still says pod-a
    names.apply(change(4200, { pods: [podOf('pod-a', uidA, { leaving: true })] }));
    names.apply(change(4300, { pods: [podOf('pod-b', uidB)] }));
    expect(nameAt(names, 4400)).toBe('pod-b');
    names.apply(change(4500, { gone: { pods: ['default/pod-a'] } }));
    expect(nameAt(names, 4600)).toBe('pod-b');
    // Asked later about then: the proof holds for the whole life of the namespace.
    expect(nameAt(names, 3600)).toBe('pod-b');
    expect(nameAt(names, 2000)).toBe('pod-a');
    expect(names.placeOf(podB, 3600 * ms)?.label).toBe('pod-b');
    expect(names.placeOf(podA, 2000 * ms)?.label).toBe('pod-a');
  });

  it('is not taken for the old one where no cgroup tells', () => {
    const names = machine(undefined);
    expect(names.placeOf(podA, 2000 * ms)?.label).toBe('pod-a');
    names.inventory.apply({ timeNs: String(3000 * ms), cookie: String(podA), gone: true });
    names.inventory.apply(nsOfPod(podB, undefined, 3500));
    expect(names.placeOf(podB, 3600 * ms)?.kind).toBe('netns');
    expect(nameAt(names, 3600)).toBe('unknown');
    names.apply(change(4000, { gone: { pods: ['default/pod-a'] }, pods: [podOf('pod-b', uidB)] }));
    expect(nameAt(names, 4100)).toBe('pod-b');
    expect(nameAt(names, 2000)).toBe('pod-a');
  });

  it('of a pod of another machine is whoever the cluster named last', () => {
    const names = machine(uidA);
    const remote = (name: string, uid: string, more: Partial<ClusterPod> = {}) =>
      podOf(name, uid, { ips: ['10.244.9.9'], node: 'node-9', ...more });
    const who = (atMs: number) => {
      const { kind, name } = names.endpointOf('10.244.9.9', undefined, 'tcp', node1, atMs * ms);
      return name ?? kind;
    };
    names.apply(change(2000, { pods: [remote('old', 'o')] }));
    names.apply(change(3000, { pods: [remote('old', 'o', { leaving: true }), remote('new', 'n')] }));
    expect([who(2500), who(3500)]).toEqual(['old', 'new']);
    names.apply(change(4000, { pods: [remote('new', 'n', { ips: [] })], gone: { pods: ['default/old'] } }));
    expect(who(4500)).toBe('external');
    expect(who(3500)).toBe('new');
  });
});

describe('what else has an address', () => {
  it('a port of the node leads to the pod that has asked for it, on that node alone', () => {
    const names = machine(uidA);
    const hostPorts = [{ protocol: 'tcp', port: 8088, name: 'web' }] as const;
    names.apply(change(2000, { pods: [podOf('pod-a', uidA, { hostPorts })] }));
    const at = (ip: string, port: number, proto = 'tcp') =>
      names.endpointOf(ip, port, proto, host, 2100 * ms);
    expect(at('172.18.0.2', 8088)).toMatchObject({
      kind: 'pod',
      name: 'pod-a',
      ip: '172.18.0.2',
      port: 8088,
      portName: 'web',
      entry: '172.18.0.2:8088',
    });
    expect(at('172.18.0.3', 8088)).toMatchObject({ kind: 'node', name: 'node-2' });
    expect(at('172.18.0.2', 8088, 'udp')).toMatchObject({ kind: 'node', name: 'node-1' });
  });

  it('a load balancer that is a node has several services by port, and is the node at all others', () => {
    const names = machine(uidA);
    const [service] = labCluster('kind').services;
    const balanced = (name: string, port: number, nodePort: number) => ({
      ...service!,
      name,
      clusterIps: [`10.96.1.${port % 250}`],
      externalIps: [],
      loadBalancerIps: ['172.18.0.2'],
      ports: [{ protocol: 'tcp' as const, port, nodePort, endpoints: [] }],
    });
    names.apply(change(2000, { services: [balanced('web', 80, 31080), balanced('api', 8443, 31443)] }));
    const at = (port?: number) => {
      const { name, entry } = names.endpointOf('172.18.0.2', port, 'tcp', host, 2100 * ms);
      return [name, entry];
    };
    expect(at(80)).toEqual(['web', '172.18.0.2:80']);
    expect(at(8443)).toEqual(['api', '172.18.0.2:8443']);
    expect(at(31443)).toEqual(['api', '172.18.0.2:31443']);
    expect(at(22)).toEqual(['node-1', undefined]);
    expect(at()).toEqual(['node-1', undefined]);
  });

  it('a node of another machine is not taken for the namespace that has its address', () => {
    const spaces = labNamespaces('one', 100).map(space => ({ ...space, names: [] }));
    const names = new Names(inventoryOf(rootNetns, ...spaces));
    const cluster = labCluster('far');
    names.apply({ ...cluster, nodes: cluster.nodes.map(node => ({ ...node, onThisKernel: false })) });
    expect(names.placeOf(node1, 2000 * ms)?.kind).toBe('netns');
  });

  it('a practice cluster with the addresses of the nodes does not hide them', () => {
    const kind = labNamespaces('kind', 200).map(space => ({ ...space, names: [] }));
    const names = new Names(inventoryOf(rootNetns, ...labNamespaces('one', 100), ...kind), [
      labCluster('lab:one', 100),
      labCluster('kind'),
    ]);
    expect(names.placeOf(node1, 2000 * ms)).toMatchObject({ kind: 'node', cluster: 'lab:one' });
    expect(names.placeOf(202, 2000 * ms)).toMatchObject({
      kind: 'node',
      cluster: 'kind',
      label: 'node-1',
    });
    expect(names.placeOf(204, 2000 * ms)).toMatchObject({ kind: 'pod', cluster: 'kind', label: 'pod-a' });
    expect(names.endpointOf(IP, undefined, 'tcp', 202, 2000 * ms)).toMatchObject({
      cluster: 'kind',
      name: 'pod-a',
    });
  });
});

describe('many pods that come and go', () => {
  it('leave nothing behind after a minute', () => {
    const names = machine(uidA);
    const churned = (i: number) =>
      podOf(`job-${i % 50}`, `u${i}`, { ips: [`10.244.9.${i % 200}`], node: 'node-9' });
    for (let i = 0; i < 6000; i++) names.apply(change(2000 + i * 20, { pods: [churned(i)] }));
    const [index] = names.clustersAt();
    expect(index!.snapshot.pods).toHaveLength(51);
    const first = names.endpointOf('10.244.9.3', undefined, 'tcp', node1, 2070 * ms);
    expect(first.kind).toBe('external');
    const lately = names.endpointOf('10.244.9.199', undefined, 'tcp', node1, (2000 + 5999 * 20) * ms);
    expect(lately).toMatchObject({ name: 'job-49' });
  });
});
