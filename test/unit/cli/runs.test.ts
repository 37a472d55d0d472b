/** What a run of packets is, in whatever order its packets close. */
import { expect, test } from 'vitest';
import { Runs, runKind, runText } from '../../../src/cli/render/runs.ts';
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

test('names that a search list leads to, each asked for by a socket of its own, are one run of questions and one of answers', () => {
  const runs = new Runs();
  const names = ['x.default.svc.cluster.local', 'x.svc.cluster.local', 'x.cluster.local'];
  for (const [i, query] of names.entries())
    for (const rcode of [undefined, 'NXDOMAIN']) {
      const dns = { id: i, query, type: 'A', ...(rcode === undefined ? {} : { rcode, answers: [] }) };
      const one = { ...journey(10 * i + (rcode === undefined ? 0 : 5), String(i)), packet: { dns } };
      runs.add(one, rcode ?? 'asked', runKind(one)!);
    }
  expect(runs.take().map(run => runText(run, '+1.0 ms'))).toEqual([
    `3 DNS questions until +1.0 ms, p50 0.0 µs, p99 0.0 µs, all delivered: ${names.map(name => `A? ${name}`).join(', ')}`,
    `3 DNS answers without an address until +1.0 ms, p50 0.0 µs, p99 0.0 µs, all delivered: NXDOMAIN ${names.join(', ')}`,
  ]);
});

test('an address that was found is worth a line, and so is what went wrong', () => {
  const of = (rcode: string, answers?: readonly string[]) =>
    runKind({
      ...journey(1),
      packet: { dns: { id: 1, query: 'x', type: 'A', rcode, ...(answers === undefined ? {} : { answers }) } },
    });
  expect(of('NOERROR', ['10.0.0.1'])).toBeUndefined();
  expect(of('NOERROR')).toBeUndefined();
  expect(of('SERVFAIL', [])).toBeUndefined();
  expect(of('NOERROR', [])).toBe('dns nothing');
});
