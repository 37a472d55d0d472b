/** The real client against a server that plays what a real one said, and what goes wrong with one. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { resources } from '../../../src/cluster/cluster-state.ts';
import type { ClusterChange } from '../../../src/model/inventory.ts';
import { KubeApi, type KubeObject, recordedEvents, recordedList, refuse } from '../../helpers/kube-api.ts';
import { quick, Watched } from './watching.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

async function serving(api: KubeApi): Promise<KubeApi> {
  open.push(api);
  return api;
}

async function watching(api: KubeApi, more: ConstructorParameters<typeof Watched>[1] = {}): Promise<Watched> {
  const watched = new Watched(api.port, more);
  open.push(watched.watch);
  await watched.watch.first();
  return watched;
}

const recorded = async (): Promise<KubeApi> => serving(await KubeApi.recorded());

const podNamed = (name: string, ip: string, version = '1'): KubeObject => ({
  metadata: { name, namespace: 'default', uid: `uid-of-${name}`, resourceVersion: version },
  spec: { nodeName: 'k8s-w1', containers: [{ name: 'main' }] },
  status: { phase: 'Running', podIPs: [{ ip }] },
});

describe('what a real cluster said', () => {
  test('is pods, services with their endpoints, nodes and namespaces, by what names need of them', async () => {
    const { cluster } = await watching(await recorded(), { bootId: 'another' });
    expect(cluster.nodes.map(({ name, ips, onThisKernel }) => [name, ips, onThisKernel])).toEqual([
      ['k8s-cp', ['172.18.0.2', 'fc00:f853:ccd:e793::2'], false],
      ['k8s-w1', ['172.18.0.3', 'fc00:f853:ccd:e793::3'], false],
    ]);
    expect(cluster.nodes[0]).toMatchObject({
      podCidrs: ['10.244.0.0/24', 'fd00:10:244::/64'],
      runtime: 'containerd://2.1.9+unknown',
    });
    const pod = (name: string) => cluster.pods.find(each => each.name.startsWith(name));
    expect(pod('nginx-1')).toMatchObject({ ips: ['10.244.0.6', 'fd00:10:244::6'], node: 'k8s-cp' });
    expect(pod('nginx-1')!.containerIds![0]).toMatch(/^[0-9a-f]{64}$/);
    expect(pod('hostnet')).toMatchObject({ hostNetwork: true, node: 'k8s-w1' });
    expect(pod('hostnet')).not.toHaveProperty('hostPorts');
    expect(pod('hostport')!.hostPorts).toEqual([expect.objectContaining({ protocol: 'tcp', port: 8088 })]);
    expect(pod('web-')!.owner).toEqual({ kind: 'Deployment', name: 'web' });
    const service = (name: string) => cluster.services.find(each => each.name === name)!;
    expect(service('nginx-lb')).toMatchObject({
      type: 'LoadBalancer',
      loadBalancerIps: ['172.18.255.200'],
      ports: [{ nodePort: 30082 }],
    });
    expect(service('nginx-dual').clusterIps).toEqual(['10.96.100.17', 'fd00:10:96::6417']);
    expect(service('nginx-headless').clusterIps).toEqual([]);
    expect(service('nginx-service').ports[0]!.endpoints).toContainEqual({
      ip: '10.244.0.6',
      port: 8080,
      pod: 'nginx-1',
      node: 'k8s-cp',
    });
    expect(service('kubernetes').ports[0]!.endpoints).toEqual([{ ip: '172.18.0.2', port: 6443 }]);
    expect(service('no-endpoints').ports[0]!.endpoints).toEqual([]);
    expect(cluster.namespaces).toContain('shop');
  });

  test('and what it said then: a pod deleted and made again, a deployment that is scaled and rolled', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const before = watched.pod('nginx-3')!;
    expect(before.ips[0]).toBe('10.244.1.4');
    for (const resource of resources) for (const event of recordedEvents(resource)) api.play(resource, event);
    api.put('pods', podNamed('last', '10.244.1.200'));
    await watched.until(() => watched.pod('last') !== undefined);
    const after = watched.pod('nginx-3')!;
    expect(after.ips[0]).toBe('10.244.1.9');
    expect(after.uid).not.toBe(before.uid);
    const web = watched.cluster.pods.filter(({ owner }) => owner?.name === 'web').map(({ ips }) => ips[0]);
    expect(web.sort()).toEqual(['10.244.0.10', '10.244.0.9', '10.244.1.11']);
    expect(watched.pod('web-869b6df9b6-f4dft')).toBeUndefined();
  });

  test('a pod that has ended has no address any more, though the server says so', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const ended = recordedEvents('pods').find(
      ({ object }) => (object.status as { phase: string }).phase === 'Succeeded',
    )!;
    expect(ended.object.status).toMatchObject({ podIP: '10.244.1.4' });
    api.play('pods', ended);
    await watched.until(() => watched.pod('nginx-3')!.ips.length === 0);
    expect(watched.pod('nginx-3')).toMatchObject({ leaving: true });
  });

  test('what changes nothing of that is not told', async () => {
    const api = await recorded();
    const watched = await watching(api);
    for (const node of recordedList('nodes'))
      api.put('nodes', { ...node, metadata: { ...node.metadata, annotations: { heartbeat: 'x' } } });
    api.put('pods', podNamed('last', '10.244.1.200'));
    await watched.until(() => watched.pod('last') !== undefined);
    const changes = watched.frames.slice(1) as ClusterChange[];
    expect(changes.flatMap(({ nodes }) => nodes)).toEqual([]);
    expect(changes.every(({ timeNs }) => BigInt(timeNs) > BigInt(watched.frames[0]!.timeNs!))).toBe(true);
  });

  test('a list of many pages is one', async () => {
    const api = await serving(await KubeApi.start());
    api.pageMax = 100;
    api.fill(
      'pods',
      Array.from({ length: 1050 }, (_, i) => podNamed(`p${i}`, `10.9.${i >> 8}.${i & 255}`)),
    );
    const watched = await watching(api);
    expect(watched.cluster.pods).toHaveLength(1050);
    expect(api.requests.filter(line => line.startsWith('/api/v1/pods?limit=500'))).toHaveLength(11);
  });
});

describe('what goes wrong', () => {
  test('streams that are cut are taken up where they were', async () => {
    const api = await recorded();
    const watched = await watching(api);
    for (let i = 0; i < 3; i++) {
      await api.untilWatched(resources.length);
      api.cut();
      api.put('pods', podNamed(`new-${i}`, `10.244.1.${201 + i}`));
      await watched.until(() => watched.pod(`new-${i}`) !== undefined);
    }
    expect(api.requests.filter(line => line.startsWith('/api/v1/pods?limit'))).toHaveLength(1);
    expect(watched.cluster.pods).toHaveLength(recordedList('pods').length + 3);
  });

  test('a version that the server does not know any more: all is listed again, and what is gone is gone', async () => {
    const api = await recorded();
    const watched = await watching(api);
    await api.untilWatched(resources.length);
    api.intercept = (_request, response, url) => {
      if (url.searchParams.get('watch') !== '1') return false;
      response.destroy(); // nobody hears of what happens now
      return true;
    };
    api.cut();
    await watched.until(() => watched.notes.length > 0);
    const [first] = recordedList('pods');
    api.remove('pods', first!);
    api.put('pods', podNamed('after', '10.244.1.210'));
    api.forget();
    api.intercept = () => false;
    await watched.until(() => watched.pod('after') !== undefined);
    expect(watched.pod(first!.metadata.name)).toBeUndefined();
    const last = watched.frames.findLast(frame => 'gone' in frame) as ClusterChange;
    expect(last.gone.pods).toEqual([`${first!.metadata.namespace}/${first!.metadata.name}`]);
  });

  test('a server that is away keeps its names, whose age is said, and comes back', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const { port } = api;
    await api.stop();
    await watched.until(() => watched.notes.length > 0);
    expect(watched.notes[0]).toMatch(/^cluster test: .*; its names are as of now until it answers again$/);
    expect(watched.watch.health).toMatchObject({ isKnown: true, stale: { why: expect.any(String) } });
    expect(watched.pod('nginx-1')!.ips[0]).toBe('10.244.0.6');
    const again = await serving(await KubeApi.start(undefined, port));
    for (const resource of resources) again.fill(resource, recordedList(resource));
    again.forget(); // its versions are others
    again.put('pods', podNamed('meanwhile', '10.244.1.220'));
    await watched.until(() => watched.pod('meanwhile') !== undefined && watched.notes.length > 1);
    expect(watched.notes.slice(1)).toEqual([
      expect.stringMatching(/^cluster test answers again; its names were \d+ s old$/),
    ]);
    expect(watched.watch.health).not.toHaveProperty('stale');
  });

  test('garbage, half an event and a line without an end are survived', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const garbage = [
      '\u0000\u0001\n',
      '{"type":"ADDED"}\n',
      '[]\n',
      '{"type":1,"object":{}}\n',
      'x'.repeat(2 ** 20),
    ];
    for (const [i, bytes] of garbage.entries()) {
      await api.untilWatched(resources.length);
      api.say('pods', bytes);
      api.cut();
      api.put('pods', podNamed(`n${i}`, `10.244.1.${230 + i}`));
      await watched.until(() => watched.pod(`n${i}`) !== undefined);
    }
    expect(watched.pod('nginx-1')!.ips[0]).toBe('10.244.0.6');
  });

  test('objects of another shape are no harm', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const { metadata } = podNamed('odd', '1.2.3.4');
    for (const status of [7, { podIPs: 'x', containerStatuses: [null, { containerID: 3 }] }, [], undefined])
      api.put('pods', { metadata, spec: { containers: [{ ports: [{ hostPort: 'x' }] }] }, status });
    api.put('endpointslices', {
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'nginx-service' } },
      ports: {},
      endpoints: [{}],
    });
    api.put('services', { metadata, spec: { ports: [{ port: '80' }, 4], clusterIPs: [9] } });
    api.put('pods', podNamed('last', '10.244.1.200'));
    await watched.until(() => watched.pod('last') !== undefined);
    expect(watched.pod('odd')).toMatchObject({ ips: [], containers: [] });
  });

  test('a slow server is waited for, one that never answers is not', async () => {
    const api = await recorded();
    const held: ServerResponse[] = [];
    api.intercept = (_request, response) => held.push(response) > 0;
    const slow = new Watched(api.port, { patience: { ...quick, start: 100 } });
    open.push(slow.watch);
    await expect(slow.watch.first()).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('does not answer'),
    });
    api.intercept = () => false;
    for (const response of held) response.destroy();
    await slow.until(() => slow.frames.length > 0);
    expect(slow.pod('nginx-1')).toBeDefined();
  });

  test('who is not let in is told what the server said, and let in later', async () => {
    const api = await recorded();
    api.intercept = (_request, response) => {
      refuse(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    };
    const watched = new Watched(api.port);
    open.push(watched.watch);
    await expect(watched.watch.first()).rejects.toMatchObject({
      code: 'CLUSTER_REFUSED',
      message: 'cluster test: Unauthorized',
    });
    api.intercept = () => false;
    await watched.until(() => watched.frames.length > 0);
    expect(watched.pod('nginx-1')).toBeDefined();
  });

  test('what may not be listed is said once, and the rest is known', async () => {
    const api = await recorded();
    const words =
      'endpointslices.discovery.k8s.io is forbidden: User "u" cannot list resource "endpointslices"';
    let asked = 0;
    api.intercept = (_request, response, url) => {
      if (!url.pathname.endsWith('endpointslices')) return false;
      asked++;
      refuse(response, 403, 'Forbidden', words);
      return true;
    };
    const watched = await watching(api);
    expect(watched.pod('nginx-1')).toBeDefined();
    expect(watched.notes).toEqual([`cluster test does not let us list endpointslices: ${words}`]);
    expect(watched.watch.health.forbidden).toEqual(['endpointslices']);
    expect(watched.cluster.services.every(({ endpointsUnknown }) => endpointsUnknown === true)).toBe(true);
    api.put('pods', podNamed('last', '10.244.1.200'));
    await watched.until(() => watched.pod('last') !== undefined);
    api.intercept = () => false;
    await watched.until(() =>
      watched.cluster.services.some(({ ports }) => ports.some(({ endpoints }) => endpoints.length > 0)),
    );
    expect(watched.notes).toHaveLength(1);
    expect(asked).toBeGreaterThan(0);
    expect(watched.watch.health.forbidden).toEqual([]);
    expect(watched.cluster.services.some(service => 'endpointsUnknown' in service)).toBe(false);
  });

  test('an endpoint that is not ready is one, and says so', async () => {
    const api = await recorded();
    const watched = await watching(api);
    const endpoints = () => {
      const service = watched.cluster.services.find(({ name }) => name === 'fresh');
      return service?.ports.flatMap(port => port.endpoints) ?? [];
    };
    const metadata = { name: 'fresh', namespace: 'default' };
    api.put('services', {
      metadata,
      spec: { ports: [{ name: 'http', port: 80 }], clusterIPs: ['10.96.9.9'] },
    });
    api.put('endpointslices', {
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'fresh' } },
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['10.244.0.91'], conditions: { ready: false } },
        { addresses: ['10.244.0.92'], conditions: { ready: true } },
        { addresses: ['10.244.0.93'] },
      ],
    });
    await watched.until(() => endpoints().length === 3);
    expect(endpoints()).toEqual([
      { ip: '10.244.0.91', port: 8080, notReady: true },
      { ip: '10.244.0.92', port: 8080 },
      { ip: '10.244.0.93', port: 8080 },
    ]);
  });
});
