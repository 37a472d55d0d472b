import { describe, expect, it } from 'vitest';
import { TracerError } from '../../../src/base/errors.ts';
import { Names } from '../../../src/inventory/names.ts';
import { nearMisses } from '../../../src/inventory/near-misses.ts';
import { type SelectOptions, select, selectByLabels } from '../../../src/inventory/selectors.ts';
import {
  addresses,
  inventoryOf,
  labCluster,
  labNamespaces,
  link,
  netns,
  oneLab,
  rootNetns,
  twoLabs,
} from './machine.ts';

const container = 'c0ffee'.padEnd(64, '0');
const lab = oneLab();
lab.inventory.apply(
  netns(50, {
    names: ['blue'],
    links: [link(2, 'eth0')],
    addresses: addresses([1, '127.0.0.1/8'], [2, '10.9.0.1/24'], [2, 'fe80::9/64']),
    processes: [{ pid: 5, comm: 'redis', container }],
  }),
);

function failure(text: string, names = lab, options: SelectOptions = {}): TracerError {
  try {
    select(text, names, options);
  } catch (error) {
    if (error instanceof TracerError) return error;
    throw error;
  }
  throw new Error(`"${text}" was taken`);
}

describe('what needs no names', () => {
  it.each([
    ['any', { kind: 'any', any: true, ips: [], cidrs: [] }],
    ['10.1.2.3', { kind: 'ip', label: '10.1.2.3', ips: ['10.1.2.3'] }],
    ['FD00:0::1', { kind: 'ip', label: 'fd00::1', ips: ['fd00::1'] }],
    ['[fd00::1]', { kind: 'ip', ips: ['fd00::1'] }],
    ['10.244.0.0/16', { kind: 'cidr', cidrs: ['10.244.0.0/16'], ips: [] }],
    ['fd00::/64', { kind: 'cidr', cidrs: ['fd00::/64'] }],
  ])('%s', (text, expected) => {
    expect(select(text, new Names(inventoryOf()))).toMatchObject(expected);
  });

  it.each(['10.1', '10.0.0.0/33', '10.0.0.256', '10.0.0.0/'])('%s is neither address nor range', text => {
    expect(['UNKNOWN_NAME', 'USAGE']).toContain(failure(text).code);
  });
});

describe('a name', () => {
  it.each([
    ['pod-a', 'pod', ['104']],
    ['default/pod-a', 'pod', ['104']],
    ['pod/pod-a', 'pod', ['104']],
    ['pod/default/pod-a', 'pod', ['104']],
    ['lab:default/pod-a', 'pod', ['104']],
    ['lab:one:default/pod-a', 'pod', ['104']],
    ['pod-', 'pod', ['104']],
    ['nginx-service', 'service', []],
    ['svc/nginx', 'service', []],
    ['default/nginx-s', 'service', []],
    ['svc/kube-system/kube-dns', 'service', []],
    ['node/node-1', 'node', ['102']],
    ['node-2', 'node', ['103']],
    ['outside', 'node', ['101']],
    ['netns:one-pod-a', 'netns', ['104']],
    ['netns:bl', 'netns', ['50']],
    ['blue', 'netns', ['50']],
    ['netns:host', 'netns', ['3']],
    ['netns:4026532050', 'netns', ['50']],
    ['container:c0ff', 'container', ['50']],
  ])('%s is a %s', (text, kind, netnsCookies) => {
    expect(select(text, lab)).toMatchObject({ kind, netnsCookies });
  });

  it('brings the addresses that are its own', () => {
    expect(select('pod-a', lab)).toMatchObject({ label: 'pod-a', cluster: 'lab:one', ips: ['10.244.1.5'] });
    expect(select('node-1', lab).ips).toEqual(['172.18.0.2', '10.244.1.1', '10.244.1.0']);
    expect(select('blue', lab).ips).toEqual(['10.9.0.1']);
  });

  it('of a service brings its addresses, ports, endpoints and node addresses', () => {
    expect(select('nginx-service', lab)).toEqual({
      kind: 'service',
      label: 'nginx-service',
      cluster: 'lab:one',
      ips: ['10.96.45.123', '172.18.255.200', '172.18.0.100'],
      cidrs: [],
      netnsCookies: [],
      ports: [{ proto: 'tcp', port: 80, name: 'http', nodePort: 30080 }],
      service: { cluster: 'lab:one', namespace: 'default', name: 'nginx-service' },
      backendIps: ['10.244.1.6', '10.244.2.7'],
      nodeIps: ['172.18.0.2', '172.18.0.3'],
      endpoints: { all: 2, ready: 2 },
    });
    expect(select('kube-dns', lab)).toMatchObject({ backendIps: [], nodeIps: [] });
  });

  it('of a service says how many endpoints are ready, and nothing where the cluster has not told', () => {
    const cluster = labCluster('lab:one', 100);
    const [service] = cluster.services;
    const [first, ...rest] = service!.ports[0]!.endpoints;
    const port = { ...service!.ports[0]!, endpoints: [{ ...first!, notReady: true as const }, ...rest] };
    const of = (more: object) =>
      select(
        'nginx-service',
        new Names(lab.inventory, [{ ...cluster, services: [{ ...service!, ...more }] }]),
      );
    expect(of({ ports: [port] }).endpoints).toEqual({ all: 2, ready: 1 });
    expect(of({ ports: [{ ...port, endpoints: [] }] }).endpoints).toEqual({ all: 0, ready: 0 });
    expect(of({ endpointsUnknown: true })).not.toHaveProperty('endpoints');
  });

  it('of a pod says that its node is on another kernel', () => {
    const cluster = labCluster('lab:one', 100);
    const nodes = cluster.nodes.map(node => ({ ...node, onThisKernel: node.name !== 'node-1' }));
    const names = new Names(lab.inventory, [{ ...cluster, nodes }]);
    expect(select('pod-a', names).elsewhere).toBe('node-1');
    expect(select('nginx-2', names)).not.toHaveProperty('elsewhere');
  });

  it('means the pod before a service, node or namespace of that name, and a whole name before a beginning', () => {
    const cluster = labCluster('lab:one', 100);
    const service = { ...cluster.services[0]!, name: 'pod-a' };
    const longer = { ...cluster.pods[0]!, name: 'pod-a-2', ips: ['10.244.1.20'], netnsCookie: '190' };
    const names = new Names(lab.inventory, [
      { ...cluster, services: [service], pods: [...cluster.pods, longer] },
    ]);
    expect(select('pod-a', names)).toMatchObject({ kind: 'pod', label: 'pod-a' });
    expect(select('svc/pod-a', names)).toMatchObject({ kind: 'service' });
    expect(failure('pod', names).code).toBe('AMBIGUOUS_NAME');
  });

  it('of a beginning that a pod and its own network namespace have means the pod', () => {
    const spaces = labNamespaces('one', 100).map(space =>
      space.cookie === '104' ? { ...space, names: ['pod-a-netns'] } : space,
    );
    expect(select('pod-', new Names(inventoryOf(...spaces), [labCluster('lab:one', 100)]))).toMatchObject({
      kind: 'pod',
    });
  });

  it('means that of the namespace default, or of -n', () => {
    const cluster = labCluster('lab:one', 100);
    const shop = { ...cluster.services[0]!, namespace: 'shop' };
    const names = new Names(lab.inventory, [{ ...cluster, services: [shop, ...cluster.services] }]);
    expect(select('nginx-service', names).service?.namespace).toBe('default');
    expect(select('nginx-service', names, { namespace: 'shop' }).service?.namespace).toBe('shop');
    expect(select('shop/nginx-service', names).service?.namespace).toBe('shop');
    expect(failure('pod-a', names, { namespace: 'shop' }).code).toBe('UNKNOWN_NAME');
  });

  it('is not looked for in a namespace that there is not', () => {
    const error = failure('pod-a', lab, { namespace: 'defualt' });
    expect(error).toMatchObject({ code: 'UNKNOWN_NAME', exitCode: 2, hint: 'did you mean default?' });
    expect(error.message).toBe('no namespace is called "defualt"');
    expect(failure('any', lab, { namespace: 'zzzz' }).hint).toBe('known here: default, kube-system');
    expect(() => selectByLabels('app=x', lab, { namespace: 'zzzz' })).toThrow(
      'no namespace is called "zzzz"',
    );
    const told = { ...labCluster('lab:one', 100), namespaces: ['default', 'empty'] };
    expect(failure('pod-a', new Names(lab.inventory, [told]), { namespace: 'empty' }).message).toBe(
      'nothing is called "pod-a"',
    );
  });
});

describe('a name of several', () => {
  it('is refused with all that it could be', () => {
    const error = failure('nginx');
    expect(error).toMatchObject({ code: 'AMBIGUOUS_NAME', exitCode: 2 });
    expect(error.message).toBe(
      '"nginx" could be default/nginx-1, default/nginx-2, svc/default/nginx-service',
    );
  });

  it('in two labs is refused unless the lab is named, and what is listed is taken', () => {
    const names = twoLabs();
    const error = failure('pod-a', names);
    expect(error.message).toBe('"pod-a" could be lab:one:default/pod-a, lab:two:default/pod-a');
    expect(error.hint).toBe(
      'say which cluster: CLUSTER:pod-a, or --context CLUSTER (in the API: "cluster"), of lab:one, lab:two',
    );
    for (const [reference, cookie] of [
      ['lab:one:default/pod-a', '104'],
      ['lab:two:default/pod-a', '204'],
    ] as const)
      expect(select(reference, names).netnsCookies).toEqual([cookie]);
    expect(select('lab:two:svc/default/nginx-service', names).cluster).toBe('lab:two');
    expect(select('lab:two:node/node-1', names).netnsCookies).toEqual(['202']);
    expect(select('pod-a', names, { cluster: 'lab:two' }).netnsCookies).toEqual(['204']);
  });

  it('of one cluster is not a question of the cluster', () => {
    expect(failure('nginx').hint).not.toContain('--context');
  });

  it('lists ten at most', () => {
    const names = new Names(
      inventoryOf(...Array.from({ length: 25 }, (_, i) => netns(i + 1, { names: [`x${i}`] }))),
    );
    expect(failure('x', names).message).toMatch(/ and 15 more$/);
  });
});

describe('a cluster that nobody has', () => {
  it('is refused with those that there are, whatever else is asked', () => {
    const cluster = 'lab:three';
    const errors = ['pod-a', 'any', '10.0.0.1'].map(text => failure(text, twoLabs(), { cluster }));
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'UNKNOWN_NAME',
        exitCode: 2,
        hint: 'known here: lab:one, lab:two',
      });
      expect(error.message).toBe('no cluster is called "lab:three"');
    }
    expect(failure('lab:three:pod-a', twoLabs())).toMatchObject({ hint: 'known here: lab:one, lab:two' });
    expect(() => selectByLabels('app=x', lab, { cluster })).toThrow('no cluster is called');
  });

  it('where none is known, says how to have one', () => {
    const names = new Names(inventoryOf(netns(1)));
    expect(failure('any', names, { cluster: 'lab:one' }).hint).toContain('tracer lab up');
  });

  it('near names of other clusters are no suggestion', () => {
    const one = labCluster('lab:one', 100);
    const more = { ...one.pods[0]!, name: 'pod-only-one', netnsCookie: '190' };
    const names = new Names(lab.inventory, [{ ...one, pods: [more] }, labCluster('lab:two', 200)]);
    expect(failure('pod-only-on', names, { cluster: 'lab:two' }).hint).not.toContain('pod-only-one');
    expect(failure('pod-only-oen', names).hint).toContain('pod-only-one');
  });
});

describe('a name that nothing has', () => {
  it('is refused with what it may have meant', () => {
    expect(failure('ngixn-2')).toMatchObject({ code: 'UNKNOWN_NAME', exitCode: 2 });
    expect(failure('ngixn-2').hint).toContain('default/nginx-2');
    expect(failure('svc/nginx-servise').hint).toBe('did you mean svc/default/nginx-service?');
    expect(failure('dns').hint).toBe('did you mean svc/kube-system/kube-dns?');
  });

  it.each(['zzzzzz', 'pod/node-1', 'default/node-1', 'netns:pod-a', 'container:pod-a', 'c0ffee'])(
    '%s',
    text => {
      expect(failure(text).code).toBe('UNKNOWN_NAME');
    },
  );

  it('says that a lab is not up, that a form is wrong', () => {
    expect(failure('deploy/nginx').code).toBe('UNKNOWN_NAME');
    expect(failure('lab:pod-a', new Names(inventoryOf(rootNetns))).code).toBe('LAB_NOT_UP');
    expect(failure('a/b/c').code).toBe('USAGE');
    expect(failure('').code).toBe('USAGE');
    expect(failure('svc/').code).toBe('USAGE');
  });
});

describe('a label selector', () => {
  it.each([
    ['app=nginx', ['10.244.1.6', '10.244.2.7']],
    ['app==client', ['10.244.1.5']],
    ['app!=nginx', ['10.244.1.5']],
    ['app', ['10.244.1.5', '10.244.1.6', '10.244.2.7']],
    ['app,app!=client', ['10.244.1.6', '10.244.2.7']],
  ])('%s', (text, ips) => {
    expect(selectByLabels(text, lab)).toMatchObject({ kind: 'pods', label: text, ips });
  });

  it('that fits no pod, or is none, is refused', () => {
    expect(() => selectByLabels('!app', lab)).toThrow('no pod has the labels !app');
    expect(() => selectByLabels('app=nginx', lab, { namespace: 'kube-system' })).toThrow('no pod has');
    expect(() => selectByLabels('app in (a,b)', lab)).toThrow(/no label selector/);
  });

  it('keeps to a cluster', () => {
    expect(selectByLabels('app=client', twoLabs(), { cluster: 'lab:two' }).netnsCookies).toEqual(['204']);
  });

  it('pods are all of them, or all of a cluster', () => {
    expect(select('pods', twoLabs()).netnsCookies).toEqual(expect.arrayContaining(['104', '204']));
    const two = select('pods', twoLabs(), { cluster: 'lab:two' });
    expect(two).toMatchObject({ kind: 'pods', cluster: 'lab:two', label: 'the pods of lab:two' });
    expect(two.netnsCookies).toContain('204');
    expect(two.netnsCookies).not.toContain('104');
    expect(() => select('pods', lab, { namespace: 'kube-system' })).toThrow('no pod is known');
  });
});

describe('near misses', () => {
  it('are of few changed letters, best first', () => {
    expect(nearMisses('pdo-a', ['pod-b', 'pod-a', 'node-1'])).toEqual(['pod-a']);
    expect(nearMisses('nginx-4', ['nginx-1', 'nginx-2', 'nginx-3', 'nginx-5'])).toHaveLength(3);
    expect(nearMisses('x', ['abc', ''])).toEqual(['']);
  });
});

it('a pod found by address is selected with its namespace', () => {
  const names = new Names(inventoryOf(...labNamespaces('one', 100)), [labCluster('kind')]);
  expect(select('pod-a', names)).toMatchObject({ kind: 'pod', netnsCookies: ['104'] });
});
