/** What a run of packets is, in whatever order its packets close. */
import { expect, test } from 'vitest';
import { Runs } from '../../../src/cli/render/runs.ts';
import type { Journey } from '../../../src/model/journey.ts';

const journey = (startNs: number, flow = '1'): Journey => ({
  ...{
    schema: 1,
    session: 'test',
    id: String(startNs),
    startedAt: '',
    startNs: String(startNs),
    durationNs: 5,
  },
  ...{ direction: 'request', flow, proto: 'udp', family: 4, summary: 'UDP', lenBytes: 30 },
  packet: { payloadBytes: 2 },
  from: { kind: 'unknown', ip: '10.0.0.1' },
  to: { kind: 'unknown', ip: '10.0.0.2' },
  outcome: { kind: 'delivered', to: 'stack', at: 0 },
  ...{ complete: true, closedBy: 'quiet', hops: [], gaps: [], links: [] },
});

test('runs stand in the order of their first packets, and each has its own first and last', () => {
  const runs = new Runs();
  for (const startNs of [30, 20, 40]) runs.add(journey(startNs), 'way', 'udp');
  for (const startNs of [10, 50]) runs.add(journey(startNs, '2'), 'way', 'udp');
  const taken = runs.take();
  expect(taken.map(({ first, last }) => [first.id, last.id])).toEqual([
    ['10', '50'],
    ['20', '40'],
  ]);
  expect(runs.take()).toEqual([]);
});
