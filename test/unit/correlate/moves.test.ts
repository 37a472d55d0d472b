/** Steps that cannot be: a wrong join becomes a visible cut, a step that is not known (yet) an honest gap. */
import { describe, expect, test } from 'vitest';
import { move } from '../../../src/correlate/moves.ts';
import { tcpPacket } from '../../helpers/frames-packets.ts';
import { eventsOf, MS, Rig, Walk } from '../../helpers/journeys.ts';
import { Machine } from '../../helpers/journeys-machine.ts';
import { crossNodeRequest, nginx1, podA, sameNodeRequest } from '../../helpers/journeys-ways.ts';

const packet = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });

/** `tx place dev` or `rx place dev`. */
function step(from: string, to: string, machine = new Machine()): string {
  const walk = new Walk(packet);
  for (const text of [from, to]) {
    const [tap, ...where] = text.split(' ');
    if (tap === 'tx') walk.queue(where.join(' '));
    else walk.receive(where.join(' '));
  }
  const [a, b] = eventsOf(...walk.frames());
  return move(a!, b!, machine);
}

describe('a step', () => {
  test.each([
    ['to the other end of a veth', 'tx pod-a eth0', 'rx node-1 va', 'possible'],
    ['to the end of another veth', 'tx pod-a eth0', 'rx node-1 vb', 'impossible'],
    ['over a veth without leaving', 'tx pod-a eth0', 'rx pod-a eth0', 'impossible'],
    ['by loopback to itself', 'tx pod-a lo', 'rx pod-a lo', 'possible'],
    ['by loopback to elsewhere', 'tx pod-a lo', 'rx node-1 lo', 'impossible'],
    ['through the bridge to another port', 'rx node-1 va', 'tx node-1 vb', 'possible'],
    ['from a port up to the bridge', 'rx node-1 va', 'rx node-1 cni0', 'possible'],
    ['from the bridge down to a port', 'tx node-1 cni0', 'tx node-1 vb', 'possible'],
    ['from the tunnel to the device below', 'tx node-1 flannel.1', 'tx node-1 eth0', 'possible'],
    ['from the device below up to the tunnel', 'rx node-2 eth0', 'rx node-2 flannel.1', 'possible'],
    ['out of a bridge back to the host itself', 'tx node-1 cni0', 'rx node-1 cni0', 'possible'],
    ['out of a namespace without a device between', 'rx node-1 va', 'tx pod-a eth0', 'impossible'],
    ['into another namespace without a device between', 'rx node-1 eth0', 'rx nginx-2 eth0', 'impossible'],
    ['by bpf_redirect_peer() into the pod', 'rx node-1 eth0', 'rx nginx-1 eth0', 'possible'],
    ['out of the kernel and in again', 'tx host eth9', 'rx node-1 eth0', 'impossible'],
  ])('%s: %s, %s', (_, from, to, expected) => {
    expect(step(from, to)).toBe(expected);
  });

  test('whose device the inventory does not know is neither', () => {
    const machine = new Machine();
    machine.hidden.add('pod-a eth0');
    expect(step('tx pod-a eth0', 'rx node-1 va', machine)).toBe('unknown');
  });

  test('an end is where the packet is, with or without a device', () => {
    const [a, b] = eventsOf(...new Walk(packet).queue('pod-a eth0').consumed('skb_consume_udp').frames());
    expect(move(a!, b!, new Machine())).toBe('possible');
  });
});

describe('an impossible step', () => {
  /** Two packets that the kernel side took for one. */
  function wronglyJoined(): Walk {
    const walk = new Walk(packet).queue('pod-a eth0').receive('node-1 va');
    return walk.queue('nginx-2 eth0').receive('node-2 vc');
  }

  test('cuts: both parts are incomplete and say why', () => {
    const rig = new Rig().walk(wronglyJoined()).finish();
    expect(rig.journeys.map(({ hops, complete }) => [hops.length, complete])).toEqual([
      [2, false],
      [2, false],
    ]);
    expect(rig.journeys.map(journey => journey.gaps[0])).toMatchObject([
      { kind: 'suspect', after: 1 },
      { kind: 'suspect', after: -1 },
    ]);
    expect(rig.correlator.stats).toMatchObject({ suspectJoins: 1, journeys: 2, events: 4 });
    expect(rig.journeys[0]?.outcome.kind).toBe('open');
  });

  test('each wrong step is cut', () => {
    const walk = wronglyJoined().queue('pod-x eth0').receive('node-1 vx');
    const rig = new Rig().walk(walk).finish();
    expect(rig.journeys).toHaveLength(3);
    expect(rig.correlator.stats.suspectJoins).toBe(2);
  });

  test('while events were lost is a loss, not a wrong join', () => {
    const rig = new Rig()
      .loss({ fromNs: 0, toNs: 10_000, tap: 1, count: 2, cause: 'ring' })
      .walk(wronglyJoined())
      .finish();
    expect(rig.journeys).toHaveLength(1);
    expect(rig.correlator.stats.suspectJoins).toBe(0);
    expect(rig.journeys[0]).toMatchObject({ complete: false, gaps: [{ kind: 'lost' }, { kind: 'lost' }] });
  });

  test('events that come after the cut belong to the second part', () => {
    const walk = wronglyJoined();
    const late = new Walk(packet);
    late.events.push({ ...walk.events.at(-1)!, timeNs: 30 * MS });
    const rig = new Rig()
      .walk(walk)
      .beat(20 * MS)
      .walk(late)
      .finish();
    expect(rig.journeys.map(journey => journey.hops.length)).toEqual([2, 3]);
    expect(rig.correlator.stats.lateEvents).toBe(0);
  });
});

describe('a step that is not known yet', () => {
  test('is judged again when the inventory knows: possible', () => {
    const rig = new Rig();
    rig.machine.hidden.add('pod-a eth0');
    rig.walk(sameNodeRequest()).beat(20 * MS);
    rig.machine.hidden.clear();
    rig.beats(40 * MS, 200 * MS);
    expect(rig.journeys[0]).toMatchObject({ complete: true, gaps: [] });
  });

  test('is judged again when the inventory knows: impossible', () => {
    const rig = new Rig();
    rig.machine.hidden.add('pod-a eth0');
    const walk = new Walk(packet)
      .queue('pod-a eth0')
      .receive('nginx-2 eth0')
      .queue('nginx-2 eth0')
      .receive('node-2 vc');
    rig.walk(walk).beat(20 * MS);
    expect(rig.journeys).toHaveLength(0);
    rig.machine.hidden.clear();
    rig.beat(40 * MS).finish();
    expect(rig.journeys.map(journey => journey.hops.length)).toEqual([1, 3]);
    expect(rig.correlator.stats.suspectJoins).toBe(1);
  });

  test('a drop that a late cut leaves behind belongs to the second part alone', () => {
    const rig = new Rig();
    rig.machine.hidden.add('pod-a eth0');
    const walk = new Walk(packet)
      .queue('pod-a eth0')
      .receive('nginx-2 eth0')
      .freed('NETFILTER_DROP', 'nft_do_chain');
    rig.walk(walk).beat(7 * MS);
    rig.machine.hidden.clear();
    rig.beat(8 * MS).finish();
    expect(rig.journeys.map(({ outcome, hops }) => [outcome.kind, hops.length])).toEqual([
      ['open', 1],
      ['dropped', 2],
    ]);
    for (const { gaps, hops } of rig.journeys)
      for (const gap of gaps) expect(gap.after).toBeLessThan(hops.length);
  });

  test('each further step of the second part is judged too', () => {
    const rig = new Rig();
    rig.machine.hidden.add('pod-a eth0').add('nginx-2 eth0');
    const walk = new Walk(packet)
      .queue('pod-a eth0')
      .receive('nginx-2 eth0')
      .queue('nginx-2 eth0')
      .receive('node-1 va');
    rig.walk(walk).beat(7 * MS);
    rig.machine.hidden.clear();
    rig.beat(8 * MS).finish();
    expect(rig.journeys.map(journey => journey.hops.length)).toEqual([1, 2, 1]);
    expect(rig.correlator.stats.suspectJoins).toBe(2);
  });

  test('and never known is a gap after it', () => {
    const rig = new Rig();
    rig.machine.hidden.add('pod-a eth0');
    const walk = sameNodeRequest();
    const journey = rig
      .walk(walk)
      .beats(20 * MS, 200 * MS)
      .of(walk);
    expect(journey).toMatchObject({ complete: false, gaps: [{ after: 0, kind: 'unobserved' }] });
    expect(rig.correlator.stats.suspectJoins).toBe(0);
  });

  test('keeps the journey open for as long as the inventory may need', () => {
    const rig = new Rig();
    rig.machine.hidden.add('host vn2');
    const walk = crossNodeRequest();
    rig.walk(walk).beats(20 * MS, 90 * MS);
    expect(rig.journeys).toHaveLength(0);
    expect(rig.beat(120 * MS).journeys).toHaveLength(1);
  });
});
