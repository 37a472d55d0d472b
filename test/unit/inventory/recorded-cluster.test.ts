/**
 * Names on the machine of a real two-node cluster, as it was recorded: its API's lists and its namespaces, of which the API knows nothing. The
 * namespaces' own names are taken from them: nothing but addresses, veths and cgroups tells which is which.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { placeFacts } from '../../../src/capture/host-facts.ts';
import { ClusterState, resources } from '../../../src/cluster/cluster-state.ts';
import { Inventory } from '../../../src/inventory/inventory.ts';
import { list } from '../../../src/inventory/listing.ts';
import { Names } from '../../../src/inventory/names.ts';
import { select, selectByLabels } from '../../../src/inventory/selectors.ts';
import type { ClusterSnapshot } from '../../../src/model/inventory.ts';
import { recordedList } from '../../helpers/kube-api.ts';
import { recordedDir } from '../capture/recorded.ts';

const bootId = 'fed093a0-e0f8-405a-9dbd-570bba2a7265'; // as the nodes of that machine say

function clusterNamed(name: string, boot = bootId): ClusterSnapshot {
  const state = new ClusterState(name, boot);
  for (const resource of resources) state.replace(resource, recordedList(resource));
  return state.snapshot;
}

const hostDir = `${recordedDir}flannel/host`;
const dumps = readdirSync(hostDir).map((name, i) => {
  const read = (file: string): unknown => {
    const path = `${hostDir}/${name}/${file}.json`;
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  };
  const [link, addr, route, fdb, nsid] = ['link', 'addr', 'route', 'fdb', 'nsid'].map(read);
  return { id: i + 1, name, dump: { link, addr, route, fdb, nsid } };
});
const frames = [...placeFacts(dumps, 0n, () => true).values()].map(({ snapshot }) => snapshot);
const cookieOf = (place: string): string => frames.find(({ names }) => names.includes(place))!.cookie;

function machine(...clusters: readonly ClusterSnapshot[]): Names {
  const inventory = new Inventory();
  for (const frame of frames)
    inventory.apply({ ...frame, names: [], own: frame.names.includes('root') }, true);
  return new Names(inventory, clusters);
}

const names = machine(clusterNamed('kind-kind'));
const who = (viewer: string, ip: string, port?: number, proto = 'tcp') => {
  const found = names.endpointOf(ip, port, proto, cookieOf(viewer), names.latestNs);
  const { kind, namespace, name, portName, entry } = found;
  return [kind, [namespace, name].filter(Boolean).join('/'), portName, entry].filter(Boolean).join(' ');
};

test('the fixture has what the tests below are about', () => {
  expect(readFileSync(new URL('../../fixtures/cluster/nodes.json', import.meta.url), 'utf8')).toContain(
    bootId,
  );
  expect(frames.length).toBeGreaterThan(4);
});

describe('a namespace is the node or pod that it is', () => {
  test.each(frames.map(({ names: [place] }) => place!))('%s', place => {
    const { kind, label, pod } = names.placeOf(cookieOf(place), names.latestNs)!;
    if (place === 'root') expect(kind).toBe('host');
    else if (place.startsWith('k8s-')) expect([kind, label]).toEqual(['node', place]);
    else expect([kind, `${pod?.namespace}.${pod?.name}`]).toEqual(['pod', place]);
  });
});

describe('an address is who has it, seen from a pod and from a node', () => {
  test.each([
    ['10.244.0.6', undefined, 'pod default/nginx-1'],
    ['fd00:10:244::6', undefined, 'pod default/nginx-1'],
    ['10.244.1.5', 8080, 'pod default/nginx-2'],
    ['10.96.100.10', 80, 'service default/nginx-service http'],
    ['10.96.100.10', undefined, 'service default/nginx-service'],
    ['fd00:10:96::6417', 80, 'service default/nginx-dual http'],
    ['10.96.101.12', 80, 'service shop/nginx-service http'],
    ['10.96.0.1', 443, 'service default/kubernetes https'],
    ['172.18.0.2', 6443, 'node k8s-cp'],
    ['172.18.0.2', 30080, 'service default/nginx-nodeport http 172.18.0.2:30080'],
    ['fc00:f853:ccd:e793::3', undefined, 'node k8s-w1'],
    ['172.18.255.200', 80, 'service default/nginx-lb http 172.18.255.200:80'],
    ['172.18.0.100', 80, 'service default/nginx-extip http 172.18.0.100:80'],
    ['172.18.0.2', 8088, 'pod default/hostport web 172.18.0.2:8088'],
    ['172.18.0.3', 8088, 'node k8s-w1'],
    ['172.18.0.3', 9080, 'node k8s-w1'], // a pod of the host's network
    ['10.244.1.0', undefined, 'node k8s-w1'], // its tunnel's address
    ['10.244.1.77', undefined, 'unknown'],
    ['10.96.200.200', 80, 'unknown'],
    ['203.0.113.9', 443, 'external'],
  ])('%s port %s: %s', (ip, port, expected) => {
    expect(who('default.pod-a', ip, port)).toBe(expected);
    expect(who('k8s-w1', ip, port)).toBe(expected);
  });

  test('kube-dns by the port and protocol that is asked', () => {
    expect(who('default.pod-a', '10.96.0.10', 53, 'udp')).toBe('service kube-system/kube-dns dns');
    expect(who('default.pod-a', '10.96.0.10', 53, 'tcp')).toBe('service kube-system/kube-dns dns-tcp');
  });
});

describe('names of the command line', () => {
  const ips = (text: string, namespace?: string) =>
    [...select(text, names, namespace === undefined ? {} : { namespace }).ips].sort();
  const candidates = (text: string): string => {
    try {
      select(text, names);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('by kind, namespace, workload, beginning and labels', () => {
    expect(ips('nginx-1')).toEqual(['10.244.0.6', 'fd00:10:244::6']);
    expect(ips('svc/nginx-service')).toEqual(['10.96.100.10']);
    expect(ips('shop/nginx-service')).toEqual(['10.96.101.12']);
    expect(ips('nginx-service', 'shop')).toEqual(['10.96.101.12']);
    expect(ips('kind-kind:svc/nginx-lb')).toEqual(['10.96.100.14', '172.18.255.200']);
    const web = clusterNamed('x').pods.filter(({ owner }) => owner?.name === 'web');
    expect(ips('deploy/web')).toEqual(web.flatMap(pod => pod.ips).sort());
    expect(select('deploy/shop/web', names).label).toBe('deploy/web');
    expect(ips('coredns-66d78645d5-2')).toHaveLength(2);
    expect(selectByLabels('app=nginx', names).ips).toContain('10.244.1.5');
    expect(ips('svc/web')).toEqual(['10.96.101.10']);
  });

  test('what is ambiguous lists the candidates', () => {
    expect(candidates('coredns')).toMatch(/could be kube-system\/coredns-\S+, kube-system\/coredns-/);
    expect(candidates('deploy/nothing')).toMatch(/nothing is called/);
    expect(candidates('shop/pod-a')).toMatch(/nothing is called/);
  });
});

describe('two clusters with the same addresses', () => {
  test('on one machine: which has a namespace cannot be told by address, so none has', () => {
    const both = machine(clusterNamed('kind-a'), clusterNamed('kind-b'));
    expect(both.placeOf(cookieOf('k8s-cp'), both.latestNs)?.kind).toBe('netns');
    expect(both.endpointOf('10.244.0.6', undefined, 'tcp', cookieOf('k8s-cp'), both.latestNs).kind).not.toBe(
      'pod',
    );
  });

  test('one of another machine is not looked for here', () => {
    const both = machine(clusterNamed('kind-a'), clusterNamed('far', 'another'));
    expect(both.placeOf(cookieOf('k8s-cp'), both.latestNs)).toMatchObject({
      kind: 'node',
      cluster: 'kind-a',
    });
    expect(both.endpointOf('10.244.0.6', undefined, 'tcp', cookieOf('k8s-cp'), both.latestNs)).toMatchObject({
      cluster: 'kind-a',
      name: 'nginx-1',
    });
    expect(() => select('nginx-1', both)).toThrow(/could be kind-a:default\/nginx-1, far:default\/nginx-1/);
  });
});

test('what tracer ls prints has each pod with the device that leads to it', () => {
  const rows = list('pods', names, { namespace: 'default' }).rows;
  expect(rows.find(({ name }) => name === 'nginx-1')).toMatchObject({
    cluster: 'kind-kind',
    node: 'k8s-cp',
    dev: expect.stringMatching(/^veth/),
  });
});
