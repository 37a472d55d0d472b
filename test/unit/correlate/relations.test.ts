/** What a packet is to earlier ones: sent again, the kernel's own answer, an error about it. And waiting for a neighbour. */
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import { arpPacket, icmpPacket, tcpPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeRequest,
  nginx1,
  podA,
  sameNodeReply,
  sameNodeRequest,
} from '../../helpers/journeys-ways.ts';

const links = (journey: Journey): string[] =>
  journey.links.map(({ kind, role, journey: other }) => `${kind} ${role} ${other}`);

const data = (seq: number) => ({ flags: 'PA', seq, payload: new Uint8Array(20) });

describe('a retransmission', () => {
  test.each([
    ['of a SYN', {}],
    ['of data', data(1000)],
    ['of a FIN', { flags: 'FA', seq: 7 }],
  ])('%s is linked to the first', (_, tcp) => {
    const first = crossNodeRequest({ tcp });
    const again = crossNodeRequest({ at: 200 * MS, tcp });
    const rig = new Rig().walk(first, again).beats(20 * MS, 400 * MS);
    expect(links(rig.of(again))).toEqual([`retransmit parent ${rig.of(first).id}`]);
    expect(rig.of(again).complete).toBe(true);
  });

  test('is not another segment, an acknowledgement, another conversation', () => {
    const walks = [
      crossNodeRequest({ tcp: data(1000) }),
      crossNodeRequest({ at: 1 * MS, tcp: data(1020) }),
      crossNodeRequest({ at: 2 * MS, tcp: { flags: 'A', seq: 1040 } }),
      crossNodeRequest({ at: 3 * MS, tcp: { flags: 'A', seq: 1040 } }),
      crossNodeRequest({ at: 4 * MS, sport: 9, tcp: data(1000) }),
    ];
    const rig = new Rig().walk(...walks).finish();
    for (const walk of walks) expect(links(rig.of(walk))).toEqual([]);
  });

  test('that was first seen on its way is no more complete for that', () => {
    const middle = (at: number): Walk =>
      new Walk(sameNodeRequest().packet, { at })
        .queue('node-1 vb', { flags: 0, iif: 5 })
        .receive('nginx-1 eth0');
    const [first, again] = [middle(0), middle(100 * MS)];
    const rig = new Rig().walk(first, again).finish();
    expect(links(rig.of(again))).toEqual([`retransmit parent ${rig.of(first).id}`]);
    expect(rig.of(again)).toMatchObject({ complete: false, gaps: [{ kind: 'unobserved', after: -1 }] });
  });
});

describe('the kernel’s own answer', () => {
  test('a RST for a SYN to a closed port', () => {
    const request = sameNodeRequest();
    const rst = sameNodeReply({ at: request.nowNs + 20_000, tcp: { flags: 'RA' } });
    request.freed('NO_SOCKET', 'tcp_v4_rcv', { at: request.nowNs + 15_000 });
    const rig = new Rig().walk(request, rst).finish();
    expect(links(rig.of(request))).toEqual([`answer child ${rig.of(rst).id}`]);
    expect(links(rig.of(rst))).toEqual([`answer parent ${rig.of(request).id}`]);
  });

  test('an ARP reply for its request', () => {
    const who = new Walk(arpPacket({ op: 1, sender: podA, target: nginx1 }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const here = new Walk(arpPacket({ op: 2, sender: nginx1, target: podA }), { at: who.nowNs + 3000 }).queue(
      'nginx-1 eth0',
      { flags: 0 },
    );
    const rig = new Rig().walk(who, here).finish();
    expect(links(rig.of(here))).toEqual([`answer parent ${rig.of(who).id}`]);
  });

  test('is not what a process sends, on another CPU, or much later', () => {
    const cases = [
      sameNodeReply({ at: 30_000 }), // SYN-ACK: by the kernel too, but no answer of this kind
      sameNodeReply({ at: 5 * MS, tcp: { flags: 'RA' } }),
    ];
    for (const reply of cases) {
      const rig = new Rig().walk(sameNodeRequest(), reply).finish();
      expect(links(rig.of(reply))).toEqual([]);
    }
    const rst = sameNodeReply({ at: 30_000, tcp: { flags: 'RA' } });
    for (const [n, event] of rst.events.entries()) rst.events[n] = { ...event, cpu: 3 };
    const rig = new Rig().walk(sameNodeRequest(), rst).finish();
    expect(links(rig.of(rst))).toEqual([]);
  });
});

test('an ICMP error is linked to the packet that it quotes', () => {
  const request = new Walk(tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 81, id: 77, ttl: 1 }))
    .queue('pod-a eth0')
    .receive('node-1 va')
    .freed('IP_INADDRERRORS', 'ip_error');
  const quoted = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 81, id: 77, ttl: 1 });
  const error = new Walk(icmpPacket({ src: '10.244.1.1', dst: podA, type: 11, quoted }), {
    at: request.nowNs + 5000,
  })
    .queue('node-1 va')
    .receive('pod-a eth0');
  const rig = new Rig().walk(request, error).finish();
  expect(links(rig.of(error))).toEqual([`error parent ${rig.of(request).id}`]);
  expect(links(rig.of(request))).toEqual([`error child ${rig.of(error).id}`]);
  expect(rig.of(error).flow).toBe(rig.of(request).flow);
});

describe('an error about what this host wanted to send', () => {
  const sent = { src: podA, dst: '10.96.45.200', sport: 5, dport: 80, id: 77, ttl: 64 };
  const atOutput = [
    'NETFILTER_DROP',
    'nft_do_chain',
    'pod-a eth0',
    { at: 21_000, ifindex: 0, dev: '' },
  ] as const;
  const rejected = (at: number): Walk =>
    new Walk(icmpPacket({ src: podA, dst: podA, type: 3, quoted: tcpPacket(sent) }), { at }).queue(
      'pod-a lo',
    );

  test('is linked to the packet that OUTPUT saw', () => {
    const request = new Walk(tcpPacket(sent)).hook('pod-a eth0', 3).freed('NETFILTER_DROP', 'nft_do_chain');
    const error = rejected(request.nowNs - 500);
    const rig = new Rig().walk(request, error).finish();
    expect(links(rig.of(error))).toEqual([`error parent ${rig.of(request).id}`]);
  });

  test('is linked to one that only its end, after the error, showed', () => {
    const request = new Walk(tcpPacket(sent)).onlyFreed(...atOutput);
    const error = rejected(20_000);
    const rig = new Rig().walk(request, error).finish();
    expect(links(rig.of(error))).toEqual([`error parent ${rig.of(request).id}`]);
    expect(links(rig.of(request))).toEqual([`error child ${rig.of(error).id}`]);
  });

  test('is linked to one that waited in vain for a neighbour', () => {
    const request = new Walk(tcpPacket(sent)).waits('pod-a eth0', { own: true });
    const end = { at: 3000 * MS + 500, flags: 0 };
    request.onlyFreed('NEIGH_FAILED', 'neigh_invalidate', 'pod-a eth0', end);
    const error = rejected(3000 * MS);
    const rig = new Rig().walk(request, error).finish();
    expect(links(rig.of(error))).toEqual([`error parent ${rig.of(request).id}`]);
    expect(rig.of(request)).toMatchObject({ outcome: { kind: 'dropped' }, complete: true });
  });

  test('not to another one that ends there', () => {
    const other = new Walk(tcpPacket({ ...sent, sport: 6, id: 78 })).onlyFreed(...atOutput);
    const error = rejected(20_000);
    const rig = new Rig().walk(other, error).finish();
    expect(links(rig.of(error))).toEqual([]);
  });
});

describe('waiting for the MAC address of the next hop', () => {
  const waiting = (): Walk =>
    new Walk(sameNodeRequest().packet).queue('pod-a eth0').receive('node-1 va').waits('node-1 cni0');

  test('keeps it open, far longer than silence does elsewhere', () => {
    const walk = waiting();
    const rig = new Rig().walk(walk).beats(20 * MS, 3000 * MS);
    expect(rig.journeys).toHaveLength(0);
    expect(rig.finish().of(walk)).toMatchObject({
      outcome: { kind: 'open', waiting: 'neighbour' },
      complete: false,
    });
  });

  test('ends when it is sent', () => {
    const walk = waiting()
      .queue('node-1 cni0', { at: 900 * MS })
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const rig = new Rig().walk(walk).beats(20 * MS, 1000 * MS);
    expect(rig.of(walk)).toMatchObject({ outcome: { kind: 'delivered' }, complete: true });
  });

  test('ends when the neighbour never answered', () => {
    const walk = waiting().freed('NETFILTER_DROP', 'neigh_invalidate', { at: 3100 * MS });
    const rig = new Rig().walk(walk).beats(20 * MS, 3200 * MS);
    expect(rig.of(walk)).toMatchObject({
      outcome: { kind: 'dropped', location: 'neigh_invalidate' },
      complete: true,
    });
  });
});

describe('GRO', () => {
  const whole = { src: podA, dst: nginx1, sport: 5, dport: 6, flags: 'PA', ack: 7 };
  const segment = (n: number) =>
    tcpPacket({ ...whole, seq: 1000 + n * 100, id: 50 + n, payload: new Uint8Array(100) });

  test('what it merged goes on in the first, and is no loss', () => {
    const first = new Walk(segment(0)).queue('pod-a eth0').receive('node-1 va');
    const second = new Walk(segment(1), { at: 300 }).queue('pod-a eth0');
    second.events.push({
      ...second.events[0]!,
      timeNs: 2500,
      tap: tap.groExit,
      identity: 0,
      flags: 0,
      netns: 1,
      ifindex: 5,
      dev: 'va',
    });
    first
      .becomes(tcpPacket({ ...whole, seq: 1000, id: 50, payload: new Uint8Array(200) }))
      .queue('node-1 vb', { at: 3000 })
      .receive('nginx-1 eth0');
    const rig = new Rig().walk(first, second).finish();
    expect(links(rig.of(second))).toEqual([`merge child ${rig.of(first).id}`]);
    expect(rig.of(second).outcome).toMatchObject({ kind: 'continued', into: [rig.of(first).id] });
    expect(rig.of(first)).toMatchObject({ complete: true, outcome: { kind: 'delivered' } });
  });

  test('a first one that was not seen from its birth stays incomplete', () => {
    const first = new Walk(segment(0)).receive('node-1 va');
    const second = new Walk(segment(1), { at: 300 }).queue('pod-a eth0');
    second.events.push({
      ...second.events[0]!,
      timeNs: 2500,
      tap: tap.groExit,
      identity: 0,
      flags: 0,
      netns: 1,
      ifindex: 5,
      dev: 'va',
    });
    first
      .becomes(tcpPacket({ ...whole, seq: 1000, id: 50, payload: new Uint8Array(200) }))
      .queue('node-1 vb', { at: 3000 })
      .receive('nginx-1 eth0');
    const rig = new Rig().walk(first, second).finish();
    expect(links(rig.of(second))).toEqual([`merge child ${rig.of(first).id}`]);
    expect(rig.of(first).complete).toBe(false);
  });
});
