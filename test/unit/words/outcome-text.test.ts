/** What became of a packet, and what it is to others, in words. */
import { describe, expect, test } from 'vitest';
import type { Hop, Journey, JourneyLink, Outcome } from '../../../src/model/journey.ts';
import { endText, originText, outcomeText } from '../../../src/words/outcome-text.ts';

type Ended = Pick<Journey, 'outcome' | 'closedBy' | 'hops' | 'links'>;

const hop = (facts: Partial<Hop> = {}): Hop => ({
  index: 0,
  offsetNs: 0,
  layer: 'device',
  stage: 'rx',
  netns: { cookie: '1', inode: 2 },
  changes: [],
  text: 'enters node-1 by eth0',
  ...facts,
});

const ended = (outcome: Outcome, more: Partial<Ended> = {}): Ended => ({
  outcome,
  closedBy: 'quiet',
  hops: [hop()],
  links: [],
  ...more,
});

const answer: JourneyLink = { kind: 'answer', role: 'child', journey: '7' };
const error: JourneyLink = { kind: 'error', role: 'child', journey: '8' };
const open: Outcome = { kind: 'open', waiting: 'unknown', at: 0 };
const dropped: Outcome = { kind: 'dropped', reason: 'NETFILTER_DROP', location: 'nft_do_chain', at: 0 };

describe('the outcome', () => {
  test.each<readonly [string, Outcome]>([
    ['delivered', { kind: 'delivered', to: 'stack', at: 0 }],
    ['delivered to the process', { kind: 'delivered', to: 'process', at: 0 }],
    ['left this kernel by eth9', { kind: 'transmitted', dev: 'eth9', at: 0 }],
    ['answered or learned by ARP', { kind: 'consumed', by: 'arp', at: 0 }],
    ["handled by the kernel's ICMP", { kind: 'consumed', by: 'icmp', at: 0 }],
    ['nobody listens: the kernel answers with RST', { kind: 'consumed', by: 'reset', at: 0 }],
    ['taken by the tunnel', { kind: 'consumed', by: 'tunnel', at: 0 }],
    ['rightly ignored: it is for another host', { kind: 'consumed', by: 'not-addressed', at: 0 }],
    ['goes on as #4, #5', { kind: 'continued', into: ['4', '5'], at: 0 }],
    ['goes on as #1, #2, #3, #4 and 2 more', { kind: 'continued', into: [...'123456'], at: 0 }],
    ['not seen any further: where it went is not known', open],
    ['still waiting for a MAC address', { kind: 'open', waiting: 'neighbour', at: 0 }],
    ['waiting (nfqueue)', { kind: 'open', waiting: 'nfqueue', at: 0 }],
    ['not seen any further: the tracer lost events (ring)', { kind: 'lost', cause: 'ring', at: 0 }],
  ])('%s', (text, outcome) => {
    expect(outcomeText(ended(outcome))).toBe(text);
  });

  test('a drop says what, where, what answered, and what to look at', () => {
    expect(outcomeText(ended({ ...dropped, reason: 'NO_SOCKET', location: 'x' }))).toBe(
      'DROPPED NO_SOCKET in x: nobody listens on that port',
    );
    expect(outcomeText(ended({ ...dropped, hook: 'forward' }))).toMatch(
      /^DROPPED NETFILTER_DROP in FORWARD: a firewall rule decided so/,
    );
    expect(outcomeText(ended(dropped, { links: [error] }))).toMatch(
      /^DROPPED NETFILTER_DROP in nft_do_chain, answered by #8: a firewall rule rejected it/,
    );
  });

  test('what the kernel answered is named', () => {
    const consumed = (by: 'icmp' | 'arp') =>
      outcomeText(ended({ kind: 'consumed', by, at: 0 }, { links: [answer] }));
    expect(consumed('icmp')).toBe("handled by the kernel's ICMP, answered by #7");
    expect(consumed('arp')).toBe('answered by #7');
  });

  test('an open end says how it was closed', () => {
    const freed = [hop({ verdict: 'skb_release_all' })];
    expect(outcomeText(ended(open, { closedBy: 'freed', hops: freed }))).toBe(
      'its memory was given back (skb_release_all) before it was seen to arrive: what became of it is not known',
    );
    expect(outcomeText(ended(open, { closedBy: 'freed' }))).toMatch(/^its memory was given back before/);
    expect(outcomeText(ended(open, { closedBy: 'shutdown' }))).toBe(
      'still on its way when the following ended',
    );
    const waiting: Outcome = { kind: 'open', waiting: 'neighbour', at: 0 };
    expect(outcomeText(ended(waiting, { closedBy: 'shutdown' }))).toBe(
      'still waiting for a MAC address when the following ended',
    );
  });
});

test('one that is not closed yet is on its way', () => {
  const { closedBy: _, ...stillOpen } = ended(open);
  expect(outcomeText(stillOpen)).toBe('still on its way');
});

test('a closed port answers with RST, but never a RST', () => {
  const refused: Outcome = { kind: 'consumed', by: 'reset', at: 0 };
  const rst = { packet: { tcp: { flags: 'R', seq: 1, ack: 0 } } };
  expect(outcomeText(ended(refused, { links: [answer] }))).toBe('nobody listens, answered by #7');
  expect(outcomeText({ ...ended(refused), ...rst })).toBe('nobody listens, and a RST is not answered');
  const last = hop({ layer: 'socket', stage: 'deliver', verdict: 'NO_SOCKET in tcp_v4_rcv' });
  expect(endText({ ...ended(refused, { hops: [last] }), ...rst }, last, '')).toBe(
    'nobody listens on that port (NO_SOCKET in tcp_v4_rcv)',
  );
});

describe('the last hop with its outcome', () => {
  const stack: Outcome = { kind: 'delivered', to: 'stack', at: 0 };
  const taken = (facts: Pick<Hop, 'hook' | 'verdict'>) =>
    hop({ layer: 'socket', stage: 'deliver', ...facts });
  const reset: Outcome = { kind: 'consumed', by: 'reset', at: 0 };
  const noSocket = taken({ verdict: 'NO_SOCKET in tcp_v4_rcv' });

  test.each<readonly [string, Outcome, Hop, readonly JourneyLink[]]>([
    ['in, delivered', stack, hop(), []],
    ['in, left this kernel by eth9', { kind: 'transmitted', dev: 'eth9', at: 0 }, hop(), []],
    [
      'delivered: read by the process',
      { kind: 'delivered', to: 'process', at: 0 },
      taken({ hook: 'skb_copy_datagram_iovec' }),
      [],
    ],
    ['delivered: taken by tcp_rcv_established', stack, taken({ verdict: 'tcp_rcv_established' }), []],
    ['delivered: freed as QUEUE_PURGE in x', stack, taken({ verdict: 'QUEUE_PURGE in x' }), []],
    [
      "handled by the kernel's ICMP (icmp_rcv)",
      { kind: 'consumed', by: 'icmp', at: 0 },
      taken({ verdict: 'icmp_rcv' }),
      [],
    ],
    [
      'nobody listens on that port (NO_SOCKET in tcp_v4_rcv): the kernel answers with RST',
      reset,
      noSocket,
      [],
    ],
    ['nobody listens on that port (NO_SOCKET in tcp_v4_rcv), answered by #7', reset, noSocket, [answer]],
  ])('%s', (text, outcome, last, links) => {
    expect(endText(ended(outcome, { hops: [last], links }), last, 'in')).toBe(text);
  });

  test('of a drop is the drop alone', () => {
    const last = hop({ layer: 'drop', stage: 'drop', text: 'dropped: x' });
    expect(endText(ended(dropped), last, 'dropped: x')).toBe(outcomeText(ended(dropped)));
  });
});

describe('what it is to earlier ones', () => {
  const of = (...links: readonly JourneyLink[]) => originText({ links });
  const from = (kind: JourneyLink['kind'], journey = '3'): JourneyLink => ({ kind, role: 'parent', journey });

  test.each<readonly [string, JourneyLink['kind']]>([
    ['sent again after #3', 'retransmit'],
    ['answers #3', 'answer'],
    ['about #3', 'error'],
    ['copy of #3', 'flood'],
    ['segment of #3', 'segment'],
    ['fragment of #3', 'fragment'],
  ])('%s', (text, kind) => {
    expect(of(from(kind))).toBe(text);
  });

  test('several of one kind are named together', () => {
    expect(of(from('reassembly', '1'), from('reassembly', '2'))).toBe('made of #1, #2');
  });

  test('nothing where it is the earlier one, or alone', () => {
    expect(of(answer, error)).toBeUndefined();
    expect(of()).toBeUndefined();
  });
});
