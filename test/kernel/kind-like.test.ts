/** Names of a cluster whose node is a container and whose pods are containers within it, told by cgroups and addresses of this kernel. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunningTracer, tracer } from '../helpers/cli.ts';
import { KindLike, nodeObject, podObject, writeConfig } from '../helpers/kind-like.ts';
import { KubeApi, kubeconfigOf } from '../helpers/kube-api.ts';

const id = (digit: string): string => digit.repeat(64);
const node = new KindLike('kind-control-plane', '172.31.77.2', id('d'));
const podA = {
  name: 'pod-a',
  uid: '11111111-2222-4333-8444-00000000000a',
  ip: '10.244.0.5',
  container: id('a'),
};
const podB = {
  name: 'pod-b',
  uid: '11111111-2222-4333-8444-00000000000b',
  ip: '10.244.0.6',
  container: id('b'),
};
const podC = { name: 'pod-c', uid: '11111111-2222-4333-8444-00000000000c', ip: podB.ip, container: id('c') };
const folder = mkdtempSync(join(tmpdir(), 'tracer-kind-'));
let api: KubeApi;
let kube: string[];
let a: { readonly pid: number };
let b: { readonly pid: number; readonly end: () => Promise<unknown> };

beforeAll(async () => {
  await node.start();
  a = await node.pod(podA);
  b = await node.pod(podB);
  api = await KubeApi.start();
  api.fill('nodes', [nodeObject(node)]);
  api.fill('pods', [podObject(node, podA), podObject(node, podB)]);
  const server = `http://127.0.0.1:${api.port}`;
  const file = writeConfig(join(folder, 'config'), kubeconfigOf({ name: 'kind-kind', server }));
  kube = ['--kubeconfig', file, '--context', 'kind-kind'];
});
afterAll(async () => {
  await api?.stop();
  await node.stop();
  rmSync(folder, { recursive: true });
});

const rows = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

it('lists pods with the device that leads to them, and the namespace that is the node', async () => {
  const { stdout, stderr, code } = await tracer(['ls', 'pods', ...kube, '-o', 'json']);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^tracer: names of cluster kind-kind from \S+ \(--kubeconfig\)\n$/),
  });
  expect(rows(stdout)).toMatchObject([
    { name: 'pod-a', node: 'kind-control-plane', dev: 'veth1' },
    { name: 'pod-b', node: 'kind-control-plane', dev: 'veth2' },
  ]);
  const nodes = await tracer(['ls', 'nodes', ...kube, '-o', 'json']);
  expect(rows(nodes.stdout)).toMatchObject([
    { name: 'kind-control-plane', netns: expect.any(String), runtime: 'containerd://2.1.9' },
  ]);
});

it('is what doctor says would be seen', async () => {
  const { stdout } = await tracer(['doctor', ...kube, '-o', 'json']);
  const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string; detail: string }[] };
  const said = findings.filter(({ what }) => what === 'cluster kind-kind');
  expect(said.map(({ state, detail }) => `${state}: ${detail}`)).toEqual([
    expect.stringMatching(/^yes: http:.* names of cluster kind-kind from \S+ \(--kubeconfig\)$/),
    'yes: it tells of 1 node, 2 pods, 0 services',
    'yes: of 1 node on this kernel the namespace of 1 is known',
    'yes: of 2 pods on them the namespace of 2 is known',
  ]);
});

it('names both ends and each place of a packet', async () => {
  const ping = ['nsenter', '-t', String(a.pid), '-n', 'ping', '-c', '1', '-W', '2', podB.ip];
  const { stdout, code } = await tracer(['follow', 'pod-a', 'pod-b', ...kube, '-o', 'json', '--', ...ping]);
  expect(code).toBe(0);
  const [request, reply] = rows(stdout).filter(({ proto }) => proto === 'icmp') as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const pod = (name: string) => ({ kind: 'pod', cluster: 'kind-kind', namespace: 'default', name });
  expect(request).toMatchObject({ from: pod('pod-a'), to: pod('pod-b'), complete: true });
  expect(reply).toMatchObject({ from: pod('pod-b'), to: pod('pod-a') });
  const nodes = new Set((request.hops as { node?: string }[]).map(each => each.node));
  expect([...nodes]).toEqual(['kind-control-plane']);
});

it('runs a command in a pod: its network, its resolv.conf, and nothing of that is left', async () => {
  const command = `ip -o addr show dev eth0; grep -E '^(search|nameserver)' /etc/resolv.conf; ping -c 1 -W 2 ${podB.ip}`;
  const etc = async () => {
    const { stdout } = await execa('cat', ['/etc/resolv.conf', '/etc/hosts', '/proc/self/mounts']);
    // Others may mount what they like meanwhile.
    return stdout.split('\n').filter(line => !/^\S+ \//.test(line) || / \/(etc|tmp)[/ ]/.test(line));
  };
  const before = await etc();
  const { stderr, code } = await tracer([
    ...['follow', 'pod-a', 'pod-b', ...kube],
    ...['--in', '--', 'sh', '-c', command],
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`inet ${podA.ip}/24`) });
  expect(stderr).toContain('search default.svc.cluster.local svc.cluster.local cluster.local');
  expect(stderr).toContain('nameserver 10.96.0.10');
  expect(await etc()).toEqual(before);
});

it('follows a service to the endpoints that it gets meanwhile', async () => {
  const metadata = { name: 'web', namespace: 'default' };
  api.put('services', { metadata, spec: { clusterIPs: ['None'], ports: [{ port: 80 }] } });
  const slice = (...ips: readonly string[]) => ({
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'web' } },
    ports: [{ port: 80 }],
    endpoints: ips.map(ip => ({ addresses: [ip] })),
  });
  api.put('endpointslices', slice());
  const following = await RunningTracer.following(['pod-a', 'svc/web', ...kube]);
  const ping = execa('nsenter', ['-t', String(a.pid), '-n', 'ping', '-i', '0.2', podB.ip], {
    reject: false,
    buffer: false,
  });
  await once(ping.stdout, 'data');
  expect(following.stdout).toBe('');
  api.put('endpointslices', slice(podB.ip));
  await following.says('stdout', /pod-a → pod-b/);
  ping.kill('SIGINT');
  await ping;
  expect(await following.kill('SIGINT')).toMatchObject({ code: 0 });
});

it('an address that another pod has now is not the old one, whatever the API still says', async () => {
  await b.end();
  await node.pod(podC);
  const ping = ['nsenter', '-t', String(a.pid), '-n', 'ping', '-c', '1', '-W', '2', podC.ip];
  const ends = async () => {
    const { stdout } = await tracer([
      'follow',
      'pod-a',
      'any',
      ...kube,
      '--proto',
      'icmp',
      '-o',
      'json',
      '--',
      ...ping,
    ]);
    return rows(stdout).map(({ from, to }) => [from, to].map(end => (end as { name?: string }).name));
  };
  // pod-b is listed still, pod-c not yet.
  expect(await ends()).toEqual([
    ['pod-a', undefined],
    [undefined, 'pod-a'],
  ]);
  api.put('pods', podObject(node, podC));
  expect(await ends()).toEqual([
    ['pod-a', 'pod-c'],
    ['pod-c', 'pod-a'],
  ]);
});
