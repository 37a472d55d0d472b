import { describe, expect, it } from 'vitest';
import { list, listingKinds } from '../../../src/inventory/listing.ts';
import { Names } from '../../../src/inventory/names.ts';
import { topologyOf } from '../../../src/inventory/topology.ts';
import { topologyDot, topologyText } from '../../../src/inventory/topology-text.ts';
import {
  addresses,
  inventoryOf,
  labCluster,
  link,
  netns,
  oneLab,
  rootNetns,
  twoLabs,
  veth,
} from './machine.ts';

describe('the topology', () => {
  const topology = topologyOf(oneLab());
  const place = (name: string) => topology.places.find(candidate => candidate.name === name)!;
  const parent = (name: string) => topology.places.find(({ id }) => id === place(name).parent)?.name;

  it('puts pods on nodes, nodes on their host, devices in their namespace', () => {
    expect(parent('pod-a')).toBe('node-1');
    expect(parent('node-2')).toBe('host');
    // It plays the Internet: around the machine, not on it.
    expect(parent('outside')).toBeUndefined();
    expect(parent('cni0')).toBe('node-1');
    expect(place('pod-a')).toMatchObject({
      kind: 'pod',
      netns: '104',
      cluster: 'lab:one',
      namespace: 'default',
    });
    expect(place('flannel.1')).toMatchObject({ kind: 'tunnel', ifindex: 4, addresses: ['10.244.1.0/32'] });
    expect(place('nginx-service')).toMatchObject({ kind: 'service' });
    expect(topology.places.some(({ name }) => name === 'lo')).toBe(false);
  });

  it('joins each veth pair, port and tunnel once', () => {
    const count = (kind: string) => topology.links.filter(each => each.kind === kind).length;
    expect([count('veth'), count('port'), count('tunnel')]).toEqual([6, 5, 1]);
    expect(new Set(topology.links.map(({ id }) => id)).size).toBe(topology.links.length);
  });

  it('refers only to places that are in it', () => {
    const ids = new Set(topology.places.map(({ id }) => id));
    expect(ids.size).toBe(topology.places.length);
    for (const each of topology.links) expect([ids.has(each.a), ids.has(each.b)]).toEqual([true, true]);
    for (const each of topology.places)
      if (each.parent !== undefined) expect(ids.has(each.parent)).toBe(true);
  });

  it('does not join the tunnels of two labs of the same addresses', () => {
    const both = topologyOf(twoLabs());
    const labOf = (id: string) => id.split(':')[1]![0];
    const tunnels = both.links.filter(({ kind }) => kind === 'tunnel');
    expect(tunnels).toHaveLength(2);
    for (const { a, b } of tunnels) expect(labOf(a)).toBe(labOf(b));
  });

  it('leaves out a link whose other end is not known', () => {
    const alone = new Names(inventoryOf(netns(7, { links: [veth(2, 'eth0', 9, 99)] })));
    expect(topologyOf(alone).links).toEqual([]);
  });

  it('grows its revision with the inventory and with the clusters', () => {
    const names = oneLab();
    const { rev } = topologyOf(names);
    names.inventory.apply(netns(7));
    expect(topologyOf(names).rev).toBeGreaterThan(rev);
    const next = topologyOf(names).rev;
    names.apply({ name: 'lab:one', gone: true });
    expect(topologyOf(names).rev).toBeGreaterThan(next);
  });
});

describe('of one cluster', () => {
  const names = twoLabs();

  it('the topology has its places and links alone, and all of them', () => {
    const { places, links } = topologyOf(names, { cluster: 'lab:two' });
    const clusters = new Set(places.flatMap(({ cluster }) => cluster ?? []));
    expect([...clusters]).toEqual(['lab:two']);
    const alone = topologyOf(oneLab(), { cluster: 'lab:one' });
    expect([places.length, links.length]).toEqual([alone.places.length, alone.links.length]);
    expect(places.some(({ name, cluster }) => name === 'host' && cluster === undefined)).toBe(false);
  });

  it.each(listingKinds)('the list of %s has its rows alone, and all of them', kind => {
    const rows = list(kind, names, { cluster: 'lab:two' }).rows;
    expect(new Set(rows.map(({ cluster }) => cluster))).toEqual(new Set(['lab:two']));
    expect(rows).toHaveLength(list(kind, oneLab(), { cluster: 'lab:one' }).rows.length);
  });

  it('the lists of pods and services can be of one Kubernetes namespace', () => {
    const rows = list('services', names, { namespace: 'kube-system' }).rows;
    expect(rows.map(({ name }) => name)).toEqual(['kube-dns', 'kube-dns']);
    expect(list('nodes', names, { namespace: 'kube-system' }).rows).toHaveLength(4);
  });

  it('that is not known both are refused', () => {
    expect(() => topologyOf(names, { cluster: 'lab:x' })).toThrow('no cluster is called "lab:x"');
    expect(() => list('pods', names, { cluster: 'lab:x' })).toThrow('no cluster is called "lab:x"');
  });
});

describe('the topology as text', () => {
  it('is a tree with what each device is joined to', () => {
    expect(topologyText(topologyOf(oneLab()))).toBe(`lab:one
  host host
    docker0 (bridge) 172.18.0.1/16
    vn1 — node-1:eth0 port of docker0
    vn2 — node-2:eth0 port of docker0
    eth0 203.0.113.1/24 — outside:eth0
    node node-1
      eth0 172.18.0.2/16 — host:vn1
      cni0 (bridge) 10.244.1.1/24
      flannel.1 (tunnel) 10.244.1.0/32 ⇢ node-2:flannel.1
      va — pod-a:eth0 port of cni0
      vb — nginx-1:eth0 port of cni0
      pod default/pod-a
        eth0 10.244.1.5/24 — node-1:va
      pod default/nginx-1
        eth0 10.244.1.6/24 — node-1:vb
    node node-2
      eth0 172.18.0.3/16 — host:vn2
      cni0 (bridge) 10.244.2.1/24
      flannel.1 (tunnel) 10.244.2.0/32 ⇢ node-1:flannel.1
      vc — nginx-2:eth0 port of cni0
      pod default/nginx-2
        eth0 10.244.2.7/24 — node-2:vc
  netns outside
    eth0 203.0.113.10/24 — host:eth0
  service default/nginx-service 10.96.45.123 172.18.255.200 172.18.0.100
  service kube-system/kube-dns 10.96.0.10
host host
  eth0 192.168.1.2/24
`);
  });

  it('shows what is down and what a device lies over', () => {
    const names = new Names(
      inventoryOf({
        ...rootNetns,
        links: [
          link(2, 'eth0', { up: false }),
          link(3, 'eth0.5', { kind: 'vlan', lower: { ifindex: 2, netns: '3' } }),
        ],
        addresses: addresses([3, '10.0.0.1/24']),
      }),
    );
    expect(topologyText(topologyOf(names))).toBe(
      'host host\n  eth0 down under eth0.5\n  eth0.5 10.0.0.1/24 over eth0\n',
    );
  });

  it('is Graphviz with balanced braces and quoted names', () => {
    const names = new Names(inventoryOf(netns(7, { names: ['a"b\\c'], links: [link(2, 'eth0')] })));
    const dot = topologyDot(topologyOf(names));
    expect(dot).toContain('label="netns a\\"b\\\\c";');
    expect(dot.split('{').length).toBe(dot.split('}').length);
    expect(topologyDot(topologyOf(oneLab())).match(/ -- /g)).toHaveLength(12);
  });
});

describe('lists', () => {
  const names = oneLab();
  const row = (kind: (typeof listingKinds)[number], name: string) =>
    list(kind, names).rows.find(each => each.name === name);

  it('name pods with their device on the node, services with ports, nodes, namespaces, links', () => {
    expect(row('pods', 'pod-a')).toMatchObject({
      node: 'node-1',
      ips: ['10.244.1.5'],
      dev: 'va',
      netns: 'one-pod-a',
      labels: ['app=client'],
    });
    expect(row('services', 'nginx-service')).toMatchObject({
      ports: ['80:30080/tcp'],
      endpoints: ['10.244.1.6:8080', '10.244.2.7:8080'],
    });
    expect(row('nodes', 'node-1')).toMatchObject({ podCidrs: ['10.244.1.0/24'], netns: 'one-node-1' });
    expect(row('netns', 'one-pod-a')).toMatchObject({
      place: 'lab:one:default/pod-a',
      ips: ['10.244.1.5/24'],
      processes: ['nginx[1040]'],
    });
    expect(row('links', 'va')).toMatchObject({
      place: 'lab:one:node-1',
      joined: ['lab:one:default/pod-a eth0', 'bridge cni0'],
    });
  });

  it('name an endpoint of several ports once', () => {
    const cluster = labCluster('lab:one', 100);
    const [service] = cluster.services;
    const twice = { ...service!, ports: [...service!.ports, ...service!.ports] };
    const both = new Names(inventoryOf(rootNetns), [{ ...cluster, services: [twice] }]);
    expect(list('services', both).rows[0]!.endpoints).toEqual(['10.244.1.6:8080', '10.244.2.7:8080']);
  });

  it('have a value or nothing for each of their columns', () => {
    for (const kind of listingKinds) {
      const { columns, rows } = list(kind, names);
      expect(rows.length).toBeGreaterThan(0);
      const keys = columns.map(({ key }) => key);
      for (const each of rows) expect(keys).toEqual(expect.arrayContaining(Object.keys(each)));
    }
  });
});
