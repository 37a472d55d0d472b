/** Where the sk_buff changes under a packet: each change is a link between journeys, or none is seen of it. */
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import {
  arpPacket,
  icmpPacket,
  ipPacket,
  type Packet,
  tcpPacket,
  udpPacket,
} from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import { nginx1, nginx2, podA } from '../../helpers/journeys-ways.ts';

const links = (journey: Journey): string[] =>
  journey.links.map(({ kind, role, journey: other }) => `${kind} ${role} ${other}`);

describe('a flood', () => {
  const who = arpPacket({ op: 1, sender: podA, target: nginx1 });

  /** pod-a asks for nginx-1; the bridge gives pod-x a clone and nginx-1 the original. */
  function flood(packet: Packet = who): { original: Walk; copy: Walk } {
    const original = new Walk(packet).queue('pod-a eth0').receive('node-1 va');
    const copy = new Walk(packet, { at: original.nowNs + 1000, head: original.head }).queue('node-1 vx', {
      own: undefined as never,
    });
    copy.receive('pod-x eth0', { at: copy.nowNs + 500 });
    original.queue('node-1 vb', { at: copy.nowNs + 500 }).receive('nginx-1 eth0');
    return { original, copy };
  }

  test('is linked both ways', () => {
    const { original, copy } = flood();
    const rig = new Rig().walk(original, copy).finish();
    expect(links(rig.of(original))).toEqual([`flood child ${rig.of(copy).id}`]);
    expect(links(rig.of(copy))).toEqual([`flood parent ${rig.of(original).id}`]);
    expect(rig.of(copy).complete).toBe(true);
  });

  test('closes as a whole, the original first', () => {
    const { original, copy } = flood();
    const rig = new Rig()
      .walk(original, copy)
      .beat(10 * MS)
      .beat(24 * MS);
    expect(rig.journeys).toHaveLength(0);
    rig.beat(40 * MS);
    expect(rig.journeys.map(journey => journey.id)).toEqual([rig.of(original).id, rig.of(copy).id]);
  });

  test('whose copy ends sooner keeps it until the original is over', () => {
    const { original, copy } = flood(tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 }));
    copy.freed('OTHERHOST', 'ip_rcv_core');
    const rig = new Rig().walk(original, copy).beat(15 * MS);
    expect(rig.journeys).toHaveLength(0);
    rig.beat(40 * MS);
    expect(rig.journeys.map(journey => journey.id)).toEqual([rig.of(original).id, rig.of(copy).id]);
  });

  test('that ends sooner in its original waits for the copies', () => {
    const { original, copy } = flood();
    original.consumed('arp_process');
    const rig = new Rig().walk(original, copy).beat(14 * MS);
    expect(rig.journeys).toHaveLength(0);
  });

  test('whose original is for nobody goes on in the copy that arrived', () => {
    const frame = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
    const original = new Walk(frame).queue('pod-a eth0').receive('node-1 va');
    const copy = new Walk(frame, { at: original.nowNs + 1000, head: original.head })
      .queue('node-1 vb', { flags: 0 })
      .receive('nginx-1 eth0');
    original
      .queue('node-1 vx', { at: copy.nowNs + 500 })
      .receive('pod-x eth0')
      .freed('OTHERHOST', 'ip_rcv_core');
    const rig = new Rig().walk(original, copy).finish();
    expect(rig.of(original).outcome).toMatchObject({ kind: 'continued', into: [rig.of(copy).id] });
    expect(rig.of(copy)).toMatchObject({ outcome: { kind: 'delivered' }, from: { name: 'pod-a' } });
    expect(rig.of(copy).flow).toBe(rig.of(original).flow);
  });

  test('a copy for another host is rightly ignored', () => {
    const frame = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
    const { original, copy } = flood(frame);
    copy.freed('OTHERHOST', 'ip_rcv_core');
    const rig = new Rig().walk(original, copy).finish();
    expect(rig.of(copy).outcome).toMatchObject({ kind: 'consumed', by: 'not-addressed' });
    expect(rig.of(original).outcome.kind).toBe('delivered');
  });

  test('another packet in the same buffer later is no copy', () => {
    const { original } = flood();
    const later = new Walk(who, { at: original.nowNs + 8 * MS, head: original.head }).queue('node-1 vx');
    const rig = new Rig().walk(original, later).finish();
    expect(links(rig.of(later))).toEqual([]);
  });

  test('another packet in the same buffer at once is none either', () => {
    const { original } = flood();
    const other = arpPacket({ op: 2, sender: nginx1, target: podA });
    const answer = new Walk(other, { at: original.nowNs + 1000, head: original.head }).queue('nginx-1 eth0');
    const rig = new Rig().walk(original, answer).finish();
    expect(links(rig.of(answer))).toEqual(['answer parent 1']);
  });
});

describe('another sk_buff, the same packet', () => {
  const inner = udpPacket({
    src: 'fd00:10:244:1::5',
    dst: 'fd00:10:244:2::7',
    sport: 5,
    dport: 6,
    flowLabel: 99,
  });

  test('skb_expand_head: the journey goes on', () => {
    const before = new Walk(inner)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .consumed('skb_expand_head', { cpu: 2 });
    const after = new Walk(inner, { at: before.nowNs + 3000 }).queue('node-1 eth0', {
      cpu: 2,
      flags: 0,
      iif: 5,
    });
    const rig = new Rig().walk(before, after).finish();
    expect(rig.journeys).toHaveLength(1);
    expect(rig.journeys[0]?.hops.map(hop => hop.hook)).toEqual([
      'net_dev_queue',
      'netif_receive_skb',
      'consume_skb',
      'net_dev_queue',
    ]);
    expect(rig.journeys[0]?.hops.filter(hop => hop.repeats)).toHaveLength(1);
  });

  test('not on another CPU, not much later, not with other headers', () => {
    for (const [cpu, laterNs, packet] of [
      [3, 3000, inner],
      [2, 8 * MS, inner],
      [
        2,
        3000,
        udpPacket({ src: 'fd00:10:244:1::5', dst: 'fd00:10:244:2::7', sport: 5, dport: 6, flowLabel: 98 }),
      ],
    ] as const) {
      const before = new Walk(inner)
        .queue('pod-a eth0')
        .receive('node-1 va')
        .consumed('skb_expand_head', { cpu: 2 });
      const after = new Walk(packet, { at: before.nowNs + laterNs }).queue('node-1 eth0', {
        cpu,
        flags: 0,
        iif: 5,
      });
      const rig = new Rig().walk(before, after).finish();
      expect(rig.journeys).toHaveLength(2);
    }
  });

  test('one whose copy never came is not delivered', () => {
    const walk = new Walk(inner).queue('pod-a eth0').receive('node-1 va').consumed('skb_expand_head');
    const journey = new Rig().walk(walk).finish().of(walk);
    expect(journey.outcome.kind).toBe('open');
    expect(journey.complete).toBe(false);
  });
});

describe('segments', () => {
  const whole = { src: podA, dst: nginx2, sport: 5, dport: 6, flags: 'PA', ack: 7 };
  const payload = (bytes: number) => new Uint8Array(bytes);

  test('of a super-packet are linked to it', () => {
    const big = tcpPacket({ ...whole, seq: 1000, id: 50, payload: payload(300) });
    const parts = [0, 1, 2].map(n =>
      tcpPacket({ ...whole, seq: 1000 + n * 100, id: 50 + n, payload: payload(100) }),
    );
    const superPacket = new Walk(big)
      .queue('pod-a eth0', { gsoSize: 100, gsoSegs: 3 })
      .consumed('validate_xmit_skb', { cpu: 1 });
    const segments = parts.map((part, n) =>
      new Walk(part, { at: superPacket.nowNs + 1000 * (n + 1) }).receive('node-1 va', { cpu: 1 }),
    );
    const rig = new Rig().walk(superPacket, ...segments).finish();
    const { outcome } = rig.of(superPacket);
    expect(outcome).toMatchObject({ kind: 'continued', into: segments.map(segment => rig.of(segment).id) });
    for (const segment of segments) {
      expect(links(rig.of(segment))).toEqual([`segment parent ${rig.of(superPacket).id}`]);
      expect(rig.of(segment).flow).toBe(rig.of(superPacket).flow);
    }
  });
});

describe('fragments', () => {
  const id = 77;
  const ends = { src: podA, dst: nginx2 };
  const whole = icmpPacket({ ...ends, type: 8, id, echo: { id: 5, seq: 1 }, payload: new Uint8Array(1992) });
  const part = (offset: number, bytes: number, more: boolean): Packet =>
    offset === 0
      ? ipPacket({ ...ends, fragment: { id, offset, more } }, 1, [
          8,
          0,
          0,
          0,
          0,
          5,
          0,
          1,
          ...new Uint8Array(bytes - 8),
        ])
      : ipPacket({ ...ends, fragment: { id, offset, more } }, 1, [...new Uint8Array(bytes)]);

  test('put together are continued in the datagram', () => {
    const first = new Walk(part(0, 1480, true)).queue('pod-a eth0').receive('node-1 va');
    const last = new Walk(part(1480, 520, false), { at: 500 }).queue('pod-a eth0').receive('node-1 va');
    const datagram = new Walk(whole, { at: last.nowNs + 2000 }).receive('node-1 cni0');
    const rig = new Rig().walk(first, last, datagram).finish();
    for (const fragment of [first, last]) {
      expect(rig.of(fragment).outcome).toMatchObject({ kind: 'continued', into: [rig.of(datagram).id] });
      expect(rig.of(fragment).flow).toBe(rig.of(datagram).flow);
      expect(rig.of(fragment).direction).toBe('request');
    }
    expect(links(rig.of(datagram))).toEqual(
      [first, last].map(fragment => `reassembly parent ${rig.of(fragment).id}`),
    );
  });

  test('cut from a datagram are linked to it', () => {
    const datagram = new Walk(whole).queue('pod-a eth0').receive('node-1 va').receive('node-1 cni0');
    const first = new Walk(part(0, 1480, true), { at: datagram.nowNs + 1000 }).queue('node-1 eth0', {
      flags: 0,
      iif: 5,
    });
    const last = new Walk(part(1480, 520, false), { at: datagram.nowNs + 2000 }).queue('node-1 eth0', {
      flags: 0,
      iif: 5,
    });
    const rig = new Rig().walk(datagram, first, last).finish();
    expect(rig.of(datagram).outcome).toMatchObject({
      kind: 'continued',
      into: [rig.of(first).id, rig.of(last).id],
    });
    expect(links(rig.of(last))).toEqual([`fragment parent ${rig.of(datagram).id}`]);
    expect(rig.of(last).flow).toBe(rig.of(datagram).flow);
  });

  test.each(['queue', 'waits'] as const)(
    'that leave again by another sk_buff go on: first seen when it %s',
    how => {
      const came = new Walk(part(0, 1480, true)).queue('pod-a eth0').receive('node-1 va');
      came.consumed('inet_frag_reasm_prepare');
      const leaves = new Walk(part(0, 1480, true), { at: came.nowNs + 1000, head: came.head });
      if (how === 'waits') leaves.waits('node-1 vb', { iif: 5 });
      leaves.queue('node-1 vb', { flags: 0, iif: 5 }).receive('nginx-1 eth0');
      const rig = new Rig().walk(came, leaves).beats(20 * MS, 400 * MS);
      expect(rig.of(leaves).id).toBe(rig.of(came).id);
      expect(rig.journeys).toHaveLength(1);
    },
  );

  test('of two datagrams do not mix', () => {
    const other = ipPacket({ ...ends, fragment: { id: 78, offset: 0, more: true } }, 1, [
      8,
      0,
      0,
      0,
      0,
      5,
      0,
      2,
      ...new Uint8Array(1472),
    ]);
    const a = new Walk(part(0, 1480, true)).queue('pod-a eth0').receive('node-1 va');
    const b = new Walk(other, { at: 300 }).queue('pod-a eth0').receive('node-1 va');
    const datagram = new Walk(whole, { at: 9000 }).receive('node-1 cni0');
    const rig = new Rig().walk(a, b, datagram).finish();
    expect(links(rig.of(b))).toEqual([]);
    expect(links(rig.of(datagram))).toEqual([`reassembly parent ${rig.of(a).id}`]);
  });
});
