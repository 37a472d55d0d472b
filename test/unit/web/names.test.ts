import { expect, test } from 'vitest';
import type { TopologyPlace } from '../../../src/model/topology.ts';
import { namesOf } from '../../../web/act/names.ts';

const place = (kind: TopologyPlace['kind'], name: string, cluster = 'lab:default'): TopologyPlace => ({
  id: `${cluster} ${kind} ${name}`,
  kind,
  name,
  cluster,
  ...(kind === 'node' ? {} : { namespace: 'default' }),
});
const valuesOf = (...places: TopologyPlace[]): string[] =>
  namesOf({ rev: 1, places, links: [] }).map(({ value }) => value);

test('pods, services and nodes are offered as the command line takes them', () => {
  const dev = { ...place('dev', 'eth0'), namespace: 'default' };
  expect(valuesOf(place('pod', 'pod-a'), place('service', 'web'), place('node', 'node-1'), dev)).toEqual([
    ...['default/pod-a', 'node/node-1', 'svc/web'],
    ...['any', 'pods'],
  ]);
});

test('what two clusters have is named with the cluster', () => {
  expect(valuesOf(place('pod', 'pod-a'), place('pod', 'pod-a', 'lab:other'))).toEqual([
    ...['lab:default:default/pod-a', 'lab:other:default/pod-a'],
    ...['any', 'pods'],
  ]);
});

test('before anything is known of the machine, everything can be followed', () => {
  expect(namesOf(undefined).map(({ value }) => value)).toEqual(['any', 'pods']);
});
