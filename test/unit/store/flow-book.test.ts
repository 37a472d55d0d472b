/** What became of a conversation, and what to look at first: CONTRACT 6. */
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../src/model/flow.ts';
import type { Hop, Journey, Outcome, PacketFacts } from '../../../src/model/journey.ts';
import { FlowBook, isOverdue } from '../../../src/store/flow-book.ts';
import { expectValidFlow, expectValidJourney } from '../../helpers/journeys.ts';

const podA = { kind: 'pod', name: 'pod-a', ip: '10.244.1.5', port: 41_002 } as const;
const nginx2 = { kind: 'pod', name: 'nginx-2', ip: '10.244.2.7', port: 8080 } as const;
const service = { kind: 'service', name: 'nginx-service', ip: '10.96.45.123', port: 80 } as const;
const delivered: Outcome = { kind: 'delivered', to: 'stack', at: 0 };
const dropped: Outcome = { kind: 'dropped', reason: 'NETFILTER_DROP', location: 'nft_do_chain', at: 0 };

const arrival: Hop = {
  index: 1,
  offsetNs: 0,
  layer: 'device',
  stage: 'rx',
  hook: 'netif_receive_skb',
  netns: { cookie: '1', inode: 2 },
  changes: [],
  text: 'arrives',
};

let ids = 0;

interface Sent {
  /** ms since the start of the session. */
  readonly at?: number;
  readonly flags?: string;
  readonly seq?: number;
  readonly bytes?: number;
  /** ns from the first hop to the last. */
  readonly took?: number;
  readonly outcome?: Outcome;
  readonly packet?: PacketFacts;
  readonly more?: Partial<Journey>;
}

function journey(direction: 'request' | 'reply' | 'related', sent: Sent): Journey {
  const { at = ++ids, flags = 'S', seq = 1, bytes = 0, outcome = delivered, took = 0, more = {} } = sent;
  const isReply = direction !== 'request';
  const proto = more.proto ?? 'tcp';
  const facts: PacketFacts = sent.packet ?? { ipId: 1, tcp: { flags, seq, ack: 0 }, payloadBytes: bytes };
  const ends = isReply
    ? { from: nginx2, to: podA, service }
    : { from: podA, to: service, backend: nginx2, service, addressed: { ip: service.ip, port: 80 } };
  const made: Journey = {
    schema: 1,
    session: 'test',
    id: String(++ids),
    startedAt: `2026-11-20T10:00:${String(at % 60).padStart(2, '0')}.000000000Z`,
    startNs: String(BigInt(at) * 1_000_000n),
    durationNs: took,
    direction,
    flow: '1',
    proto,
    family: 4,
    summary: flags === '' ? 'packet' : flags,
    lenBytes: 60 + bytes,
    packet: facts,
    ...ends,
    outcome,
    complete: true,
    closedBy: 'quiet',
    hops: [
      {
        index: 0,
        offsetNs: 0,
        layer: 'device',
        stage: 'tx',
        hook: 'net_dev_queue',
        netns: { cookie: '1', inode: 2 },
        tuple: isReply
          ? { proto, src: nginx2.ip, sport: 8080, dst: podA.ip, dport: 41_002 }
          : { proto, src: podA.ip, sport: 41_002, dst: service.ip, dport: 80 },
        changes: [],
        text: 'leaves',
      },
      { ...arrival, offsetNs: took },
    ],
    gaps: [],
    links: [],
    ...more,
  };
  expectValidJourney(made);
  return made;
}

const request = (sent: Sent = {}): Journey => journey('request', sent);
const reply = (sent: Sent = {}): Journey => journey('reply', { flags: 'SA', seq: 900, ...sent });

function error(type: number, code: number, sent: Sent = {}): Journey {
  return journey('related', {
    flags: '',
    packet: { icmp: { type, code } },
    more: { proto: 'icmp', summary: 'ICMP port unreachable' },
    ...sent,
  });
}

/** The flow of these journeys, added in this order. */
function flowOf(...journeys: readonly Journey[]): Flow {
  const book = new FlowBook();
  for (const each of journeys) book.add(each);
  const [flow, another] = book.all();
  expect(another).toBeUndefined();
  expectValidFlow(flow!);
  return flow!;
}

/** In every order: journeys close in another one than they were sent in. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((item, n) => orders(list.filter((_, i) => i !== n)).map(rest => [item, ...rest]));
}

const data = { flags: 'PA', seq: 2, bytes: 76 };

describe('the state', () => {
  const cases: readonly (readonly [string, Flow['state'], () => Journey[]])[] = [
    ['answered: a SYN and its SYN-ACK', 'answered', () => [request({ at: 1 }), reply({ at: 2 })]],
    ['unanswered: a SYN alone', 'unanswered', () => [request({ at: 1 })]],
    [
      'unanswered: SYNs, each delivered, and nothing came back',
      'unanswered',
      () => [request({ at: 1 }), request({ at: 1001 })],
    ],
    [
      'unanswered: data after an answered SYN',
      'unanswered',
      () => [request({ at: 1 }), reply({ at: 2 }), request({ at: 3, ...data })],
    ],
    [
      'answered: an ACK answers data',
      'answered',
      () => [request({ at: 1, ...data }), reply({ at: 2, flags: 'A' })],
    ],
    ['open: an ACK alone wants no answer', 'open', () => [request({ at: 1, flags: 'A' })]],
    [
      'closed: FIN in both directions',
      'closed',
      () => [
        request({ at: 1 }),
        reply({ at: 2 }),
        request({ at: 3, flags: 'FA', seq: 2 }),
        reply({ at: 4, flags: 'FA', seq: 901 }),
      ],
    ],
    ['refused: RST for the SYN', 'refused', () => [request({ at: 1 }), reply({ at: 2, flags: 'RA' })]],
    ['refused: ICMP port unreachable', 'refused', () => [request({ at: 1 }), error(3, 3, { at: 2 })]],
    [
      'unanswered: "fragmentation needed" refuses nothing',
      'unanswered',
      () => [request({ at: 1 }), error(3, 4, { at: 2 })],
    ],
    [
      'reset: RST after the SYN was answered',
      'reset',
      () => [request({ at: 1 }), reply({ at: 2 }), request({ at: 3, ...data }), reply({ at: 4, flags: 'R' })],
    ],
    [
      'reset: RST in a conversation that was open before',
      'reset',
      () => [request({ at: 1, ...data }), reply({ at: 2, flags: 'A' }), reply({ at: 3, flags: 'R' })],
    ],
    [
      'closed: RST after both FINs',
      'closed',
      () => [
        request({ at: 1 }),
        reply({ at: 2 }),
        request({ at: 3, flags: 'FA', seq: 2 }),
        reply({ at: 4, flags: 'FA' }),
        request({ at: 5, flags: 'R' }),
      ],
    ],
    ['dropped: the last request was', 'dropped', () => [request({ at: 1, outcome: dropped })]],
    [
      'answered: the retransmission of a dropped SYN got through',
      'answered',
      () => [request({ at: 1, outcome: dropped }), request({ at: 1001 }), reply({ at: 1002 })],
    ],
    [
      'dropped: the later of two requests was',
      'dropped',
      () => [request({ at: 1 }), reply({ at: 2 }), request({ at: 3, ...data, outcome: dropped })],
    ],
    [
      'refused: rejected, that is dropped and answered by ICMP',
      'refused',
      () => [request({ at: 1, outcome: dropped }), error(3, 3, { at: 2 })],
    ],
    [
      'unanswered: the answer was dropped on its way',
      'unanswered',
      () => [request({ at: 1 }), reply({ at: 2, outcome: dropped })],
    ],
  ];

  test.each(cases)('%s', (_, state, make) => {
    for (const order of orders(make()))
      expect(flowOf(...order).state, order.map(each => each.summary).join()).toBe(state);
  });

  const udp = { udp: {}, payloadBytes: 30 };
  const dns = { id: 7, query: 'a.local', type: 'A' };

  test.each<readonly [string, Flow['state'], readonly Journey[]]>([
    ['plain UDP wants no answer', 'open', [request({ packet: udp, flags: '', more: { proto: 'udp' } })]],
    [
      'a DNS query does',
      'unanswered',
      [request({ packet: { ...udp, dns }, flags: '', more: { proto: 'udp' } })],
    ],
    [
      'and gets one',
      'answered',
      [
        request({ at: 1, packet: { ...udp, dns }, flags: '', more: { proto: 'udp' } }),
        reply({
          at: 2,
          packet: { ...udp, dns: { ...dns, rcode: 'NOERROR' } },
          flags: '',
          more: { proto: 'udp' },
        }),
      ],
    ],
    [
      'an echo request does',
      'unanswered',
      [
        request({
          packet: { icmp: { type: 8, code: 0, id: 5, seq: 1 } },
          flags: '',
          more: { proto: 'icmp' },
        }),
      ],
    ],
  ])('%s', (_, state, journeys) => {
    expect(flowOf(...journeys).state).toBe(state);
  });
});

describe('blame', () => {
  test('of a drop: the journey, the hop, where and by what', () => {
    const lost = request({ outcome: dropped });
    expect(flowOf(lost).blame).toEqual({ journey: lost.id, hop: 0, text: 'NETFILTER_DROP in nft_do_chain' });
  });

  test('of a refusal: who says it', () => {
    const rst = reply({ at: 5000, flags: 'RA' });
    expect(flowOf(request(), rst).blame).toMatchObject({ journey: rst.id, text: 'RA from nginx-2' });
  });

  test('of silence: the request, how often, how far it got', () => {
    const last = request({ at: 3001 });
    const { blame } = flowOf(request({ at: 1 }), request({ at: 1001 }), last);
    expect(blame?.journey).toBe(last.id);
    expect(blame?.text).toBe(
      'S sent 3 times, reached nginx-2, nothing came back (is anything listening there?)',
    );
  });

  test('of silence of our own making: it does not say that it arrived', () => {
    const gone = request({ outcome: { kind: 'open', waiting: 'unknown', at: 0 }, more: { complete: false } });
    expect(flowOf(gone).blame?.text).toBe('S, where it went was not seen');
  });

  test('of an answer that was dropped: that answer, not the request', () => {
    const answer = reply({ at: 5001, outcome: dropped });
    for (const order of orders([request({ at: 5000 }), answer])) {
      expect(flowOf(...order).blame).toMatchObject({ journey: answer.id });
      expect(flowOf(...order).blame?.text).toContain('NETFILTER_DROP in nft_do_chain');
    }
  });

  test('nobody for a good one', () => {
    expect(flowOf(request(), reply()).blame).toBeUndefined();
  });
});

describe('the flow', () => {
  test('shows both ends as the originator sees them, whichever came first', () => {
    for (const order of orders([request({ at: 1 }), reply({ at: 2 })]))
      expect(flowOf(...order)).toMatchObject({
        orig: { src: podA.ip, sport: 41_002, dst: service.ip, dport: 80 },
        reply: { src: nginx2.ip, sport: 8080, dst: podA.ip },
        from: { name: 'pod-a' },
        to: { name: 'nginx-service' },
        backend: { name: 'nginx-2' },
        service: { name: 'nginx-service' },
      });
  });

  test('whose requests were not seen is turned round', () => {
    expect(flowOf(reply())).toMatchObject({
      from: { name: 'pod-a' },
      to: { name: 'nginx-service' },
      orig: { src: podA.ip, dst: nginx2.ip },
    });
  });

  test('counts packets, bytes, retransmissions, drops, incomplete ones', () => {
    const flow = flowOf(
      request({ at: 1, seq: 1 }),
      request({ at: 2, seq: 1, outcome: dropped }),
      request({ at: 3, seq: 2, flags: 'PA', bytes: 100 }),
      request({ at: 4, seq: 3, flags: 'A' }),
      request({ at: 5, seq: 3, flags: 'A' }),
      reply({ at: 6, more: { complete: false } }),
      error(3, 4, { at: 7 }),
    );
    expect(flow).toMatchObject({
      packets: { request: 5, reply: 1, related: 1 },
      bytes: { request: 400, reply: 60, related: 60 },
      retransmits: 1,
      dropped: 1,
      lost: 1,
    });
  });

  test('counts a packet once, not its flood copies, fragments and segments', () => {
    for (const kind of ['flood', 'clone', 'fragment', 'segment', 'reassembly'] as const) {
      const copy = request({ more: { links: [{ kind, role: 'parent', journey: '1' }] } });
      expect(flowOf(request(), copy)).toMatchObject({ packets: { request: 1 }, retransmits: 0 });
    }
  });

  test('counts one that took in others, was sent again or answers another', () => {
    for (const kind of ['merge', 'retransmit', 'answer', 'error'] as const) {
      const other = request({ seq: 2, more: { links: [{ kind, role: 'parent', journey: '1' }] } });
      expect(flowOf(request(), other)).toMatchObject({ packets: { request: 2 } });
    }
  });

  test('says when it began and when it last moved, in any order', () => {
    for (const order of orders([request({ at: 5 }), reply({ at: 9 }), request({ at: 7, flags: 'A' })]))
      expect(flowOf(...order)).toMatchObject({
        startedAt: '2026-11-20T10:00:05.000000000Z',
        lastAt: '2026-11-20T10:00:09.000000000Z',
        lastNs: '9000000',
      });
  });

  test('shows how long packets took', () => {
    const took = [10, 20, 30, 1000].map((durationNs, seq) => request({ seq, flags: 'A', took: durationNs }));
    expect(flowOf(...took).latencyNs).toEqual({ p50: 20, p99: 1000 });
  });

  test('without a flow, a packet is in none', () => {
    const book = new FlowBook();
    const { flow: _, ...arp } = request();
    book.add({ ...arp, direction: 'none' });
    expect(book.all()).toEqual([]);
  });

  test('the oldest are evicted, and counted', () => {
    const book = new FlowBook();
    const one = request();
    for (let n = 0; n < 20_003; n++) book.add({ ...one, flow: String(n) });
    expect(book.evicted).toBe(3);
    expect(book.get('0')).toBeUndefined();
    expect(book.get('20002')?.state).toBe('unanswered');
  });
});

test('an answer is overdue after a second', () => {
  const flow = flowOf(request({ at: 1000 }));
  expect(isOverdue(flow, 1_999_000_000n)).toBe(false);
  expect(isOverdue(flow, 2_000_000_000n)).toBe(true);
  expect(isOverdue(flowOf(request({ at: 1 }), reply({ at: 2 })), 9_000_000_000n)).toBe(false);
});
