import { describe, expect, test } from 'vitest';
import { flowSentence } from '../../../src/cli/render/sentence.ts';
import { styleFor } from '../../../src/cli/render/style.ts';
import type { Flow, FlowState } from '../../../src/model/flow.ts';
import { isGood } from '../../../src/words/flow-text.ts';

const style = styleFor('never', false);

const flow = (state: FlowState, more: Partial<Flow> = {}): Flow => ({
  schema: 1,
  session: 'x',
  id: '1',
  proto: 'tcp',
  orig: { proto: 'tcp', src: '10.244.1.5', dst: '10.96.45.123' },
  from: { kind: 'pod', name: 'pod-a', ip: '10.244.1.5', port: 41_002 },
  to: { kind: 'service', name: 'nginx-service', ip: '10.96.45.123', port: 80 },
  backend: { kind: 'pod', name: 'nginx-2', ip: '10.244.2.7', port: 8080 },
  state,
  startedAt: '2026-11-20T10:00:00.000000000Z',
  lastAt: '2026-11-20T10:00:00.000000000Z',
  lastNs: '1',
  packets: { request: 6, reply: 4, related: 0 },
  bytes: { request: 1, reply: 1, related: 0 },
  retransmits: 0,
  dropped: 0,
  lost: 0,
  ...more,
});

const way = 'pod-a:41002 → nginx-service:80 → nginx-2:8080';
const blame = { journey: '17', hop: 3, text: 'NETFILTER_DROP in FORWARD' };

describe('one sentence a flow', () => {
  test.each<readonly [FlowState, Partial<Flow>, string]>([
    ['closed', {}, `✓ ${way}: closed, 6 packets out, 4 back`],
    [
      'answered',
      { latencyNs: { p50: 52_000, p99: 60_000 } },
      `✓ ${way}: answered, 6 packets out, 4 back, p50 52.0 µs a packet`,
    ],
    ['open', {}, `✓ ${way}: open, 6 packets out, 4 back`],
    [
      'closed',
      { retransmits: 2, dropped: 1, packets: { request: 6, reply: 4, related: 3 } },
      `✓ ${way}: closed, 6 packets out, 4 back, 3 ICMP errors, 2 retransmitted, 1 dropped`,
    ],
    ['dropped', { blame }, `✗ ${way}: dropped: NETFILTER_DROP in FORWARD. Look at #17.`],
    [
      'refused',
      { blame: { ...blame, text: 'RST-ACK from nginx-2' } },
      `✗ ${way}: refused: RST-ACK from nginx-2. Look at #17.`,
    ],
    ['reset', {}, `✗ ${way}: reset: by whom is not known.`],
    [
      'unanswered',
      { blame: { ...blame, text: 'SYN sent 3 times' } },
      `✗ ${way}: no answer. SYN sent 3 times. Look at #17.`,
    ],
  ])('%s %#', (state, more, text) => {
    expect(flowSentence(flow(state, more), style)).toBe(text);
  });

  test('good are those that need no look', () => {
    const states = ['open', 'answered', 'closed', 'unanswered', 'refused', 'reset', 'dropped'] as const;
    expect(states.filter(state => isGood(flow(state)))).toEqual(['open', 'answered', 'closed']);
  });
});
