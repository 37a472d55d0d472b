/** A file that is made up may tell of any number of pods: it is refused, and what real clusters have is not. */
import { expect, test } from 'vitest';
import type { ClusterChange, ClusterPod, ClusterSnapshot } from '../../../src/model/inventory.ts';
import { ClusterBound } from '../../../src/session/cluster-bound.ts';

const SECOND = 1_000_000_000;
const BIG = 10_000;
const MAX = 100 * BIG;
const pod = (name: string, bytes = 300, note = 'x'): ClusterPod => ({
  ...{ namespace: 'default', name, node: 'node-1', ips: ['10.244.1.5'], containers: [] },
  labels: { note: note.repeat(bytes) },
});
const snapshot = (pods: readonly ClusterPod[], name = 'c', timeNs = '0'): ClusterSnapshot => ({
  ...{ name, timeNs, nodes: [], services: [], machines: [], pods },
});
const change = (pods: readonly ClusterPod[], atSeconds: number, gone: string[] = []): ClusterChange => ({
  ...{ name: 'c', nodes: [], services: [], pods, gone: { pods: gone } },
  timeNs: String(atSeconds * SECOND),
});
const refusal = expect.objectContaining({
  code: 'SESSION_FORMAT',
  message: 'x.tracer tells of more than any cluster has',
});
const tooMany = 100;

test('a cluster of 100,000 pods is read, also where it is told again and again', () => {
  const bound = new ClusterBound('x.tracer');
  const whole = snapshot(Array.from({ length: 100_000 }, (_, n) => pod(`pod-${n}`)));
  for (let n = 0; n < 4; n++) bound.take(whole);
});

test('what is there is bounded, however it came', () => {
  const bound = new ClusterBound('x.tracer', MAX);
  expect(() => {
    for (let n = 0; n <= tooMany; n++) bound.take(change([pod(`pod-${n}`, BIG)], n));
  }).toThrow(refusal);
});

test('so is what comes and goes while no time passes, and not what does in an hour', () => {
  const slow = new ClusterBound('x.tracer', MAX);
  for (let n = 0; n <= 2 * tooMany; n++) slow.take(change([pod('one', BIG, 'xy'[n % 2])], 10 * n));
  const fast = new ClusterBound('x.tracer', MAX);
  expect(() => {
    for (let n = 0; n <= 2 * tooMany; n++)
      fast.take(n % 2 === 0 ? snapshot([pod('one', BIG)]) : change([], 0, ['default/one']));
  }).toThrow(refusal);
});

test('and the number of clusters', () => {
  const bound = new ClusterBound('x.tracer', MAX);
  expect(() => {
    for (let n = 0; n <= 1000; n++) bound.take(snapshot([], `c${n}`));
  }).toThrow(/more than 1000 clusters/);
});
