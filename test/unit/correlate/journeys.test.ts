/** When a journey closes, how it ended, when it may be called complete: CONTRACT 4 and 5. */
import { describe, expect, test } from 'vitest';
import { identity } from '../../../src/model/layout.generated.ts';
import { arpPacket, icmpPacket, tcpPacket, udpPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeRequest,
  nginx1,
  outsideRequest,
  podA,
  sameNodeRequest,
} from '../../helpers/journeys-ways.ts';

describe('one packet', () => {
  test('across nodes is one journey through four namespaces', () => {
    const walk = crossNodeRequest();
    const rig = new Rig().walk(walk).finish();
    expect(rig.journeys).toHaveLength(1);
    const journey = rig.of(walk);
    expect(journey.hops.filter(hop => hop.inferred !== true)).toHaveLength(12);
    expect(new Set(journey.hops.map(hop => hop.netns.name))).toEqual(
      new Set(['lab-pod-a', 'lab-node-1', 'lab-host', 'lab-node-2', 'lab-nginx-2']),
    );
    expect(journey.outcome).toMatchObject({ kind: 'delivered', to: 'stack' });
    expect(journey.complete).toBe(true);
    expect(rig.correlator.stats).toMatchObject({ events: 12, journeys: 1, suspectJoins: 0, lateEvents: 0 });
  });

  test('two packets at one sk_buff are two journeys', () => {
    const first = sameNodeRequest({ at: 0, skb: 0x77 });
    const second = sameNodeRequest({ at: 1 * MS, skb: 0x77, tcp: { seq: 5 } });
    const rig = new Rig().walk(first, second).finish();
    expect(rig.journeys.map(journey => journey.hops.length)).toEqual([8, 8]);
    expect(rig.of(first).closedBy).toBe('reused');
    expect(rig.of(second).closedBy).toBe('quiet');
  });

  test('ids count in order of birth, whatever closes first', () => {
    const long = crossNodeRequest({ at: 0 });
    const short = sameNodeRequest({ at: 3000, sport: 5 }).consumed('skb_consume_udp');
    const rig = new Rig().walk(long, short).finish();
    expect([rig.of(long).id, rig.of(short).id]).toEqual(['1', '2']);
  });

  test('events of several CPUs are put in order of time', () => {
    const walk = crossNodeRequest();
    const shuffled = [...walk.events].reverse();
    const sorted = new Walk(walk.packet);
    sorted.events.push(...shuffled);
    const rig = new Rig();
    for (const event of [...shuffled].reverse().sort((a, b) => (a.timeNs % 3) - (b.timeNs % 3))) {
      const one = new Walk(walk.packet);
      one.events.push(event);
      rig.walk(one);
    }
    rig.beat(7 * MS).finish();
    expect(rig.journeys).toHaveLength(1);
    expect(rig.journeys[0]?.complete).toBe(true);
  });

  test('the times are those of the kernel', () => {
    const walk = sameNodeRequest({ at: 123_456_789 });
    const [journey] = new Rig().walk(walk).finish().journeys;
    expect(journey).toMatchObject({
      startNs: '5000246913578',
      startedAt: '2026-11-18T11:06:40.123456789Z',
      durationNs: 5000,
    });
  });
});

describe('when it closes', () => {
  /** Heartbeats after which it was open, and the one that closed it, in ms after its last event. */
  function closesAfter(walk: Walk): number {
    const rig = new Rig().walk(walk);
    for (let ms = 1; ms < 300; ms++) {
      rig.beat(walk.nowNs + ms * MS);
      if (rig.journeys.length > 0) return ms;
    }
    throw new Error('it never closed');
  }

  // Each 5 ms later than its silence: for so long are events held back for those of other CPUs.
  test.each([
    ['after its end: 5 ms', sameNodeRequest().consumed('skb_consume_udp'), 10],
    [
      'dropped: 5 ms',
      new Walk(sameNodeRequest().packet)
        .queue('pod-a eth0')
        .receive('node-1 va')
        .freed('NETFILTER_DROP', 'nft_do_chain'),
      10,
    ],
    ['left by a device without a peer: 5 ms', outsideRequest(), 10],
    ['copied to a process: 5 ms', sameNodeRequest().copied(), 10],
    ['in the namespace that owns the destination: 20 ms', sameNodeRequest(), 25],
    ['elsewhere: 100 ms', new Walk(sameNodeRequest().packet).queue('pod-a eth0').receive('node-1 va'), 105],
  ])('%s', (_, walk, ms) => {
    expect(closesAfter(walk)).toBe(ms);
  });

  test('one more event starts its silence again', () => {
    const walk = sameNodeRequest({ at: 0 }).consumed('kfree_skb_partial', { at: 15 * MS });
    const rig = new Rig()
      .walk(walk)
      .beat(20 * MS)
      .beat(24 * MS);
    expect(rig.journeys).toHaveLength(0);
    expect(rig.beat(25 * MS).journeys).toHaveLength(1);
  });

  test('what comes after that is late: counted, and amends it', () => {
    const walk = sameNodeRequest({ at: 0 });
    const rig = new Rig().walk(walk).beats(20 * MS, 60 * MS);
    expect(rig.journeys).toHaveLength(1);
    const late = new Walk(walk.packet);
    late.events.push({ ...walk.events.at(-1)!, timeNs: 61 * MS });
    rig.walk(late).finish();
    expect(rig.journeys).toHaveLength(1);
    expect(rig.correlator.stats.lateEvents).toBe(1);
    expect(rig.deltas.at(-1)).toMatchObject({
      kind: 'amended',
      journey: { id: rig.journeys[0]?.id, rev: 2 },
    });
  });

  test('what comes so late that its place has passed is counted, and the journey says so', () => {
    const walk = sameNodeRequest({ at: 50 * MS });
    const [first, ...rest] = walk.events;
    const early = new Walk(walk.packet);
    early.events.push({ ...first!, timeNs: 10 * MS });
    const onTime = new Walk(walk.packet);
    onTime.events.push(first!, ...rest);
    const rig = new Rig()
      .walk(onTime)
      .beat(60 * MS)
      .walk(early)
      .beat(62 * MS)
      .finish();
    expect(rig.journeys).toMatchObject([{ complete: false, gaps: [{ kind: 'lost', after: -1 }] }]);
    expect(rig.correlator.stats.lateEvents).toBe(1);
  });

  test('the clock is the heartbeat: without one nothing closes', () => {
    const rig = new Rig().walk(sameNodeRequest(), sameNodeRequest({ at: 10_000 * MS, sport: 9 }));
    expect(rig.journeys).toHaveLength(0);
  });

  test('at the end of the session what is under way is closed as it stands', () => {
    const under = new Walk(sameNodeRequest().packet).queue('pod-a eth0').receive('node-1 va');
    const there = sameNodeRequest({ at: 1000, sport: 9 });
    const rig = new Rig().walk(under, there).finish();
    expect(rig.of(under)).toMatchObject({ outcome: { kind: 'open' }, complete: false, closedBy: 'shutdown' });
    expect(rig.of(there)).toMatchObject({
      outcome: { kind: 'delivered' },
      complete: true,
      closedBy: 'quiet',
    });
  });
});

describe('how it ended', () => {
  const outcomeOf = (walk: Walk) => new Rig().walk(walk).finish().of(walk);

  test('dropped, with reason and function', () => {
    const walk = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .freed('NETFILTER_DROP', 'nft_do_chain');
    const journey = outcomeOf(walk);
    expect(journey.outcome).toEqual({
      kind: 'dropped',
      reason: 'NETFILTER_DROP',
      location: 'nft_do_chain',
      at: 2,
    });
    expect(journey).toMatchObject({ closedBy: 'dropped', complete: true });
    expect(journey.hops.at(-1)).toMatchObject({ layer: 'drop', stage: 'drop', hook: 'kfree_skb' });
  });

  test('dropped in OUTPUT, before any device saw it', () => {
    const packet = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
    const walk = new Walk(packet).onlyFreed('NETFILTER_DROP', 'nf_hook_slow', 'pod-a', { flags: 0x44 });
    expect(outcomeOf(walk)).toMatchObject({ outcome: { kind: 'dropped', at: 0 }, complete: true });
  });

  test('an end alone that is no loss is no journey', () => {
    const packet = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
    const rig = new Rig()
      .walk(new Walk(packet).onlyFreed('TCP_OLD_SEQUENCE', 'tcp_validate_incoming', 'pod-a'))
      .finish();
    expect(rig.journeys).toHaveLength(0);
  });

  test('transmitted, with the device', () => {
    expect(outcomeOf(outsideRequest())).toMatchObject({
      outcome: { kind: 'transmitted', dev: 'eth9' },
      closedBy: 'left',
      complete: true,
    });
  });

  test('delivered to a process, where the copy was', () => {
    const walk = sameNodeRequest().copied();
    const journey = outcomeOf(walk);
    expect(journey.outcome).toEqual({ kind: 'delivered', to: 'process', at: journey.hops.length - 1 });
    expect(journey.closedBy).toBe('copied');
  });

  test('a SYN to a closed port is consumed: the kernel answers with RST', () => {
    const walk = sameNodeRequest().freed('NO_SOCKET', 'tcp_v4_rcv');
    expect(outcomeOf(walk)).toMatchObject({ outcome: { kind: 'consumed', by: 'reset' }, complete: true });
  });

  test('a duplicate that TCP throws away was delivered', () => {
    expect(outcomeOf(sameNodeRequest().freed('TCP_OLD_SEQUENCE', 'tcp_validate_incoming')).outcome.kind).toBe(
      'delivered',
    );
  });

  test('an echo request is consumed by the kernel', () => {
    const ping = icmpPacket({ src: podA, dst: nginx1, type: 8, echo: { id: 5, seq: 1 } });
    const walk = new Walk(ping)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0')
      .consumed('icmp_rcv');
    expect(outcomeOf(walk).outcome).toMatchObject({ kind: 'consumed', by: 'icmp' });
  });

  test('ARP is delivered where it is heard, not at a port of the bridge', () => {
    const who = arpPacket({ op: 1, sender: podA, target: nginx1 });
    const heard = new Walk(who)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const stuck = new Walk(who, { at: 1 * MS }).queue('pod-a eth0').receive('node-1 va');
    const rig = new Rig().walk(heard, stuck).finish();
    expect(rig.of(heard)).toMatchObject({ direction: 'none', proto: 'arp', outcome: { kind: 'delivered' } });
    expect(rig.of(heard).flow).toBeUndefined();
    expect(rig.of(stuck).outcome.kind).toBe('open');
  });

  test('memory given back long after is neither place nor time of it', () => {
    const walk = sameNodeRequest().consumed('skb_defer_free_flush', { at: 18 * MS });
    const journey = outcomeOf(walk);
    expect(journey.durationNs).toBe(5000);
    expect(journey.outcome).toMatchObject({ kind: 'delivered', to: 'stack' });
  });

  test('a packet that vanishes on the way is open, never delivered', () => {
    const walk = new Walk(crossNodeRequest().packet);
    walk.events.push(
      ...crossNodeRequest()
        .events.slice(0, 6)
        .map(event => ({ ...event, packet: walk.id })),
    );
    expect(outcomeOf(walk)).toMatchObject({ outcome: { kind: 'open', waiting: 'unknown' }, complete: false });
  });

  test('a wrapped packet at the other node’s own address has not arrived yet', () => {
    const whole = crossNodeRequest();
    const walk = new Walk(whole.packet);
    const at = whole.events.findIndex(event => event.netns === 2);
    walk.events.push(...whole.events.slice(0, at + 1).map(event => ({ ...event, packet: walk.id })));
    expect(outcomeOf(walk).outcome.kind).toBe('open');
  });
});

describe('complete only from a birth on', () => {
  const syn = sameNodeRequest().packet;

  test('a journey whose first sight is in the middle is not', () => {
    const walk = new Walk(syn).receive('node-1 va').queue('node-1 vb').receive('nginx-1 eth0');
    const journey = new Rig().walk(walk).finish().of(walk);
    expect(journey.complete).toBe(false);
    expect(journey.gaps).toEqual([
      { after: -1, kind: 'unobserved', reason: 'where it came from was not seen' },
    ]);
  });

  test('one first seen when it is passed on is not', () => {
    const walk = new Walk(syn).queue('node-1 vb', { flags: 0, iif: 5 }).receive('nginx-1 eth0');
    expect(new Rig().walk(walk).finish().of(walk).complete).toBe(false);
  });

  test('one first seen when a tunnel has wrapped it is not', () => {
    const whole = crossNodeRequest();
    const walk = new Walk(whole.packet);
    const at = whole.events.findIndex(event => event.dev === 'eth0' && event.netns === 1);
    walk.events.push(
      ...whole.events.slice(at).map(event => ({ ...event, packet: walk.id, flags: 0, iif: 0, identity: 1 })),
    );
    expect(new Rig().walk(walk).finish().of(walk).complete).toBe(false);
  });

  test('one that was under way when the following began is not', () => {
    const walk = sameNodeRequest();
    walk.events[0] = { ...walk.events[0]!, identity: identity.same };
    const journey = new Rig().walk(walk).finish().of(walk);
    expect(journey.complete).toBe(false);
    expect(journey.gaps).toMatchObject([{ after: -1, kind: 'unobserved' }]);
  });

  test('one whose state the kernel side had to throw out is not', () => {
    const walk = sameNodeRequest();
    walk.events[3] = { ...walk.events[3]!, flags: 0x10 };
    expect(new Rig().walk(walk).finish().of(walk)).toMatchObject({
      complete: false,
      gaps: [{ kind: 'evicted' }],
    });
  });

  test('made by the kernel of that namespace, without a socket: it is', () => {
    const walk = new Walk(syn)
      .queue('pod-a eth0', { flags: 0 })
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    walk.events[0] = { ...walk.events[0]!, flags: 0 };
    expect(new Rig().walk(walk).finish().of(walk).complete).toBe(true);
  });

  test('in by a device that leads out of this kernel: it is', () => {
    const packet = udpPacket({ src: '198.51.100.7', dst: '192.168.1.2', sport: 5, dport: 6 });
    const walk = new Walk(packet).receive('host eth9');
    expect(new Rig().walk(walk).finish().of(walk)).toMatchObject({
      complete: true,
      outcome: { kind: 'delivered' },
    });
  });

  test('through loopback', () => {
    const packet = tcpPacket({ src: '127.0.0.1', dst: '127.0.0.1', sport: 5, dport: 6 });
    const walk = new Walk(packet).queue('pod-a lo').receive('pod-a lo');
    expect(new Rig().walk(walk).finish().of(walk)).toMatchObject({
      complete: true,
      outcome: { kind: 'delivered' },
    });
  });
});
