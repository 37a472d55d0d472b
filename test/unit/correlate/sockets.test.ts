/** What sockets say of their packets, without showing them. */
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import { Rig, Walk } from '../../helpers/journeys.ts';
import { sameNodeReply, sameNodeRequest } from '../../helpers/journeys-ways.ts';

const MS = 1_000_000;
const NO_SOCKET = 1;
const last = ({ hops }: Journey) => hops.at(-1)!;

describe('the socket has the packet', () => {
  test('is where it was delivered, until a process reads it', () => {
    const unread = sameNodeRequest().told(tap.dataReady);
    const read = sameNodeRequest({ at: 10 * MS })
      .told(tap.dataReady)
      .copied();
    const rig = new Rig().walk(unread, read).beats(20 * MS, 100 * MS);
    expect(last(rig.of(unread))).toMatchObject({ layer: 'socket', stage: 'deliver', hook: 'sk_data_ready' });
    expect(last(rig.of(unread)).lenBytes).toBeUndefined();
    expect(rig.of(unread)).toMatchObject({
      outcome: { kind: 'delivered', to: 'stack', at: last(rig.of(unread)).index },
      complete: true,
    });
    expect(rig.of(read).outcome).toMatchObject({ kind: 'delivered', to: 'process' });
    expect(rig.of(read).hops.at(-2)).toMatchObject({ hook: 'sk_data_ready', repeats: true });
  });

  test('changes nothing of the packet', () => {
    const walk = sameNodeRequest().told(tap.dataReady).copied();
    const changes = new Rig().walk(walk).finish().of(walk).hops.slice(-2);
    expect(changes.map(hop => hop.changes)).toEqual([[], []]);
  });

  test('says nothing of a packet that was not seen', () => {
    const rig = new Rig().walk(new Walk(sameNodeRequest().packet).told(tap.dataReady)).finish();
    expect(rig.deltas).toEqual([]);
    expect(rig.correlator.stats.spareEnds).toBe(1);
  });
});

describe('a RST', () => {
  test('answers what then is no loss, whatever the kernel calls it', () => {
    const refused = sameNodeRequest()
      .told(tap.tcpReset, { head: 0x77, reason: NO_SOCKET })
      .freed('NETFILTER_DROP', 'tcp_rcv_state_process');
    const journey = new Rig().walk(refused).finish().of(refused);
    expect(journey.outcome).toMatchObject({ kind: 'consumed', by: 'reset' });
    expect(journey.hops.at(-2)).toMatchObject({ stage: 'deliver', verdict: 'NO_SOCKET in tcp_send_reset' });
  });

  test('of a socket that gives up tells why where it is sent', () => {
    const reset = sameNodeReply({ tcp: { flags: 'R' } });
    reset.events.splice(1, 0, { ...reset.events[0]!, tap: tap.tcpReset, head: 0, reason: NO_SOCKET });
    const { hops, outcome } = new Rig().walk(reset).finish().of(reset);
    expect(hops.find(hop => hop.hook === 'tcp_send_reset')).toMatchObject({ layer: 'socket', stage: 'send' });
    expect(outcome.kind).toBe('delivered');
  });
});

describe('sent again', () => {
  const data = (seq: number, bytes: number) => ({ flags: 'PA', seq, payload: new Uint8Array(bytes) });
  const sentAgain = (seq: number): Walk => {
    const walk = sameNodeRequest({ at: 300 * MS, tcp: data(seq, 20) });
    const [first, ...rest] = walk.events;
    walk.events.splice(
      1,
      rest.length,
      { ...first!, timeNs: first!.timeNs + 1, tap: tap.tcpRetransmit, head: 0 },
      ...rest,
    );
    return walk;
  };

  test('from another byte on: the socket knows', () => {
    const first = sameNodeRequest({ tcp: data(1000, 100) });
    const again = sentAgain(1040);
    const rig = new Rig().walk(first, again).beats(20 * MS, 500 * MS);
    expect(rig.of(again).links).toEqual([{ kind: 'retransmit', role: 'parent', journey: rig.of(first).id }]);
    expect(rig.of(again).complete).toBe(true);
  });

  test('of what was not seen has no link, and says so in a hop', () => {
    const again = sentAgain(5000);
    const journey = new Rig().walk(again).finish().of(again);
    expect(journey.links).toEqual([]);
    expect(journey.hops.find(hop => hop.hook === 'tcp_retransmit_skb')).toMatchObject({ stage: 'send' });
    expect(journey.hops.find(hop => hop.hook === 'tcp_retransmit_skb')!.repeats).toBeUndefined();
  });
});
