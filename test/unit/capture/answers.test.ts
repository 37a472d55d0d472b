/** What captures do not show is no proof: only where an answer would have been seen is a question without one unanswered. */
import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/capture/places.ts';
import type { Flow } from '../../../src/model/flow.ts';
import { at, type File, type Seen, shown, veth } from './made-up.ts';
import { type SegmentSpec, tcpFlags } from './walk.ts';

const { syn, ack, psh } = tcpFlags;

const pod = '10.0.0.1';
const server = '10.0.0.2';
const question: SegmentSpec = { src: pod, sport: 4000, dst: server, dport: 80, flags: syn, seq: 100 };
const again = { ...question, id: 2 };
const answer: SegmentSpec = {
  ...{ src: server, sport: 80, dst: pod, dport: 4000, flags: syn | ack, seq: 500, ack: 101 },
  ...{ id: 0, from: 2, to: 1 },
};
/** Of another conversation of the same pod, which tells that the capture goes on. */
const other = (atMs: number): Seen => ({
  atMs,
  packet: { ...question, sport: 5000, dst: '10.0.0.9', seq: 7, flags: ack | psh, id: atMs, payload: 'x' },
});

const eth0 = veth('eth0', 1);

async function flowOf(files: readonly File[], devices: readonly (readonly Device[])[] = []): Promise<Flow> {
  const { flows } = await shown(files, devices);
  return flows.find(({ orig }) => orig.sport === 4000 || orig.dport === 4000)!;
}

const inPod = (...seen: readonly Seen[]): File => ({ place: 'pod-a', dev: 'eth0', seen });

describe('a question without an answer', () => {
  test('is unanswered where all devices of the one who asks were captured, for a second and more', async () => {
    const flow = await flowOf([inPod(at(0, question), other(1001))], [[eth0]]);
    expect(flow.state).toBe('unanswered');
  });

  test('is open where the capture ends before an answer is due, and says so', async () => {
    const flow = await flowOf([inPod(other(0), at(900, question), other(1300))], [[eth0]]);
    expect(flow.state).toBe('open');
    expect(flow.blame?.text).toBe('SYN: the capture ends 0.4 s later, before an answer was due');
  });

  test('is open where another device of the one who asks was not captured', async () => {
    const flow = await flowOf([inPod(at(0, question), other(3000))], [[eth0, veth('eth1', 7)]]);
    expect(flow.state).toBe('open');
    expect(flow.blame?.text).toBe('SYN: an answer may have passed where nobody captured');
  });

  test('is open where it only passes by: the answer may take another way', async () => {
    const passing = { place: 'node', dev: 'vethx', seen: [at(0, { ...question, ttl: 63 }), other(3000)] };
    const flow = await flowOf(
      [passing],
      [[{ ...veth('vethx', 9), peer: { place: 9, dev: 'eth0', mac: 0x020000000001 } }]],
    );
    expect(flow.state).toBe('open');
  });

  test('is unanswered wherever it was seen, if it is asked again after a second', async () => {
    const flow = await flowOf([inPod(at(0, question), at(1020, again))], [[eth0, veth('eth1', 7)]]);
    expect(flow.state).toBe('unanswered');
    expect(flow.retransmits).toBe(1);
  });

  test('is answered by an answer that is only seen on its way', async () => {
    const flow = await flowOf([inPod(at(0, question), at(1, answer), other(3000))], [[eth0]]);
    expect(flow.state).toBe('answered');
  });
});

test('the end of a conversation that began before the capture is not a question without an answer', async () => {
  const data: SegmentSpec = { ...answer, flags: ack | psh, seq: 900, ack: 300, payload: 'late', id: 9 };
  const thanks: SegmentSpec = { ...question, flags: ack, seq: 300, ack: 904, id: 8 };
  const flow = await flowOf([inPod(at(0, data), at(0.03, thanks), other(3000))], [[eth0]]);
  expect(flow.state).toBe('answered');
});
