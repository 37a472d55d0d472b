/** A bridge sends a frame to every port: what becomes of the copies, and what they do not count as. */
import { expect, test } from 'vitest';
import type { Device } from '../../../src/capture/places.ts';
import { at, type File, shown, veth } from './made-up.ts';
import { type SegmentSpec, tcpFlags } from './walk.ts';

const question: SegmentSpec = {
  ...{ src: '10.0.0.1', sport: 4000, dst: '10.0.0.3', dport: 80, flags: tcpFlags.syn, seq: 100 },
  ...{ from: 1, to: 3 },
};
const answer: SegmentSpec = {
  ...{ src: '10.0.0.3', sport: 80, dst: '10.0.0.1', dport: 4000, flags: tcpFlags.syn | tcpFlags.ack },
  ...{ seq: 500, ack: 101, from: 3, to: 1, id: 0 },
};
const port = (n: number): Device =>
  veth(`veth${n}`, 16 + n, { master: 'br0', peer: { place: n + 1, dev: 'eth0', mac: 0x020000000000 + n } });
const end = (n: number): Device => veth('eth0', n, { peer: { place: 1, dev: `veth${n}` } });
const node = [port(1), port(2), port(3), port(4)];
const pods = [1, 2, 3, 4].map(n => [end(n)]);

/** pod-1 asks pod-3 over a bridge that does not know yet where pod-3 is. */
const ports: readonly File[] = [
  { place: 'node', dev: 'veth1', seen: [at(0.01, question), at(0.13, answer)] },
  { place: 'node', dev: 'veth2', seen: [at(0.02, question)] },
  { place: 'node', dev: 'veth3', seen: [at(0.021, question), at(0.12, answer)] },
  { place: 'node', dev: 'veth4', seen: [at(0.022, question)] },
];
const ends: readonly File[] = [
  { place: 'pod-1', dev: 'eth0', seen: [at(0, question), at(0.14, answer)] },
  { place: 'pod-2', dev: 'eth0', seen: [at(0.03, question)] },
  { place: 'pod-3', dev: 'eth0', seen: [at(0.031, question), at(0.11, answer)] },
  { place: 'pod-4', dev: 'eth0', seen: [at(0.032, question)] },
];

test('the flood arrives where it is addressed to, and the rest is consumed', async () => {
  const { journeys, flows } = await shown([...ports, ...ends], [node, ...pods]);
  const asked = journeys
    .filter(({ summary }) => summary === 'SYN')
    .toSorted((a, b) => Number(a.id) - Number(b.id));
  expect(asked.map(({ outcome }) => outcome)).toEqual([
    { kind: 'continued', into: [asked[1]!.id], at: expect.any(Number) },
    { kind: 'delivered', to: 'stack', at: expect.any(Number) },
    { kind: 'consumed', by: 'not-addressed', at: expect.any(Number) },
  ]);
  for (const copy of asked.slice(1)) {
    expect(copy.links).toEqual([{ kind: 'flood', role: 'parent', journey: asked[0]!.id }]);
    expect(copy.hops.filter(({ inferred }) => inferred !== true).map(({ dev }) => dev)[1]).toBe('eth0');
  }
  expect(flows).toHaveLength(1);
  expect(flows[0]).toMatchObject({ state: 'answered', retransmits: 0, packets: { request: 1, reply: 1 } });
});

test('copies are left out where nobody captured who gets them, and are no packets and nothing sent again', async () => {
  const { journeys, flows, stats } = await shown([...ports, ends[0]!], [node, pods[0]!]);
  expect(journeys).toHaveLength(2);
  expect(stats.matcher?.copies).toBe(2);
  expect(journeys.flatMap(({ links }) => links)).toEqual([]);
  expect(flows.map(({ retransmits, packets }) => [retransmits, packets.request])).toEqual([[0, 1]]);
});

test('nor are they where nothing is told of the devices', async () => {
  const { journeys, flows } = await shown([...ports, ...ends]);
  expect(journeys.length).toBeGreaterThan(1);
  expect(flows.map(({ retransmits }) => retransmits).filter(count => count > 0)).toEqual([]);
  expect(journeys.flatMap(({ links }) => links).filter(({ kind }) => kind === 'retransmit')).toEqual([]);
});
