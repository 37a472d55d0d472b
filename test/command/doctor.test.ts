/** `tracer doctor --kube`: what a cluster tells and refuses, where its nodes are on another machine. Those of this one: test/kernel/kind-like.test.ts. */
import { expect, test } from 'vitest';
import { refuse } from '../helpers/kube-api.ts';
import { recordedCluster } from '../helpers/recorded-cluster.ts';
import { tracerWith } from './run-tracer.ts';

const cluster = recordedCluster();
const { file } = cluster;

async function aboutClusters(...args: readonly string[]) {
  const { stdout, code } = await tracerWith('replays flannel-service-cross-node', [
    'doctor',
    '-o',
    'json',
    ...args,
  ]);
  const { findings } = JSON.parse(stdout) as {
    findings: { readonly what: string; readonly state: string; readonly detail: string }[];
  };
  // The recording in the collector's place tells of its own cluster, a practice one.
  const own = findings.filter(({ what }) => what === 'cluster' || what === 'cluster kind-kind');
  return { code, said: own.map(({ state, detail }) => `${state}: ${detail}`) };
}

const answers = `yes: http://127.0.0.1:PORT: names of cluster kind-kind from ${file} (--kubeconfig)`;
const elsewhere = '; none of its nodes runs on this kernel, so nothing is seen inside of them';

test('a cluster of another machine answers, and nothing is seen of it', { timeout: 90_000 }, async () => {
  const { code, said } = await aboutClusters('--kubeconfig', file);
  expect(code).toBe(1);
  expect(said.map(text => text.replace(String(cluster.api.port), 'PORT'))).toEqual([
    `${answers}${elsewhere}`,
    expect.stringMatching(/^yes: it tells of 2 nodes, \d+ pods, \d+ services$/),
    'no: none of its nodes runs on this kernel: nothing is seen inside of them',
  ]);
});

test('what it may not list is said, with what it has all the same', { timeout: 90_000 }, async () => {
  cluster.api.intercept = (_, response, url) => {
    if (!url.pathname.endsWith('/endpointslices')) return false;
    refuse(response, 403, 'Forbidden', 'endpointslices is forbidden: User "me" cannot list');
    return true;
  };
  const { said } = await aboutClusters('--kube', '--kubeconfig', file, '--context', 'kind-kind');
  cluster.api.intercept = () => false;
  expect(said).toContain('no: endpointslices may not be listed');
  expect(said).toContainEqual(expect.stringMatching(/^yes: it tells of 2 nodes/));
});

test('a context that is not there: those that are', { timeout: 90_000 }, async () => {
  const { code, said } = await aboutClusters('--kubeconfig', file, '--context', 'kind-kinb');
  expect(code).toBe(1);
  expect(said).toEqual([expect.stringMatching(/^no: .*kind-kinb/)]);
});

test('without --kube nobody is asked', { timeout: 90_000 }, async () => {
  expect((await aboutClusters()).said).toEqual([]);
});
