/** What is said where nothing matched, as far as it is known without looking. */
import { expect, test } from 'vitest';
import { factsOf } from '../../../src/cli/diagnose.ts';
import type { FollowTarget } from '../../../src/engine/target.ts';
import type { Selection } from '../../../src/inventory/selection.ts';

const selection = (label: string, more: Partial<Selection>): Selection => ({
  kind: 'pod',
  label,
  ips: [],
  cidrs: [],
  netnsCookies: [],
  ...more,
});
const target = (more: Partial<Selection>, dst: Partial<Selection>): FollowTarget => ({
  src: selection('pod-a', more),
  dst: selection('web', { kind: 'service', endpoints: { all: 2, ready: 1 }, ...dst }),
  dnsIps: ['10.96.0.10'],
});

test('that no name was asked for, and only where that would have been seen', () => {
  expect(factsOf(target({}, {}), [], false)).toEqual(["pod-a asked the cluster's DNS for no name"]);
  expect(factsOf(target({}, {}), [], true)).toEqual([]);
  expect(factsOf({ ...target({}, {}), dnsIps: [] }, [], false)).toEqual([]);
  expect(factsOf(target({ any: true }, {}), [], false)).toEqual([]);
});

test('what DNS said of the last three names', () => {
  const asker = { kind: 'pod', name: 'pod-a', ip: '10.244.1.5' } as const;
  const lookups = ['a', 'b', 'c', 'd'].map(name => ({
    ...{ asker, server: { kind: 'service', name: 'kube-dns', ip: '10.96.0.10' } as const },
    questions: [{ name, type: 'A', times: 1 }],
  }));
  expect(factsOf(target({}, {}), lookups, true)).toEqual(
    ['b', 'c', 'd'].map(name => `pod-a asked kube-dns for ${name}: A no answer`),
  );
});

test('that a service has nobody, and nothing where that is not known', () => {
  const { endpoints: _, ...unknown } = selection('web', { kind: 'service' });
  expect(factsOf({ ...target({}, {}), dst: unknown }, [], true)).toEqual([]);
  const said = (all: number) => factsOf(target({}, { endpoints: { all, ready: 0 } }), [], true);
  expect(said(0)).toEqual(['web has no endpoints: a connection to it is refused, or gets no answer']);
  expect(said(2)).toEqual([
    'web has 2 endpoints, none of them ready: a connection to it is refused, or gets no answer',
  ]);
});

test('that an end is on another machine', () => {
  expect(factsOf(target({ elsewhere: 'node-3' }, {}), [], true)).toEqual([
    'pod-a is on node node-3, which is another machine: its side is seen by a tracer there',
  ]);
});
