/** A journey that a loss may have cut is never shown as complete; one that it cannot have cut stays so. */
import { describe, expect, test } from 'vitest';
import type { LossRecord } from '../../../src/model/event.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import { crossNodeRequest, sameNodeRequest } from '../../helpers/journeys-ways.ts';

const loss = (fromNs: number, toNs: number, more: Partial<LossRecord> = {}): LossRecord => ({
  fromNs,
  toNs,
  tap: 1,
  count: 3,
  cause: 'ring',
  ...more,
});

describe('a loss', () => {
  test('marks exactly the journeys that were under way', () => {
    const before = sameNodeRequest({ at: 0, sport: 1 });
    const during = sameNodeRequest({ at: 30 * MS, sport: 2 });
    const after = sameNodeRequest({ at: 60 * MS, sport: 3 });
    const rig = new Rig()
      .walk(before, during, after)
      .loss(loss(30 * MS + 1000, 30 * MS + 1500))
      .finish();
    expect(rig.of(before).complete).toBe(true);
    expect(rig.of(after).complete).toBe(true);
    expect(rig.of(during)).toMatchObject({ complete: false, gaps: [{ kind: 'lost', count: 3 }] });
    expect(rig.of(during).outcome.kind).toBe('delivered');
    expect(rig.correlator.stats.lost).toBe(3);
  });

  test('while a packet was being waited for may hide where it went', () => {
    const walk = new Walk(sameNodeRequest().packet).queue('pod-a eth0').receive('node-1 va');
    const rig = new Rig()
      .walk(walk)
      .loss(loss(50 * MS, 51 * MS))
      .beats(20 * MS, 140 * MS);
    expect(rig.of(walk)).toMatchObject({ outcome: { kind: 'lost', cause: 'ring' }, complete: false });
  });

  test('after it has arrived hides nothing of it', () => {
    const walk = sameNodeRequest();
    const rig = new Rig()
      .walk(walk)
      .loss(loss(10 * MS, 11 * MS))
      .beats(20 * MS, 60 * MS);
    expect(rig.of(walk).complete).toBe(true);
  });

  test('after it had ended hides nothing of it', () => {
    const walk = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .freed('NETFILTER_DROP', 'nft_do_chain');
    const rig = new Rig()
      .walk(walk)
      .loss(loss(1 * MS, 2 * MS))
      .finish();
    expect(rig.of(walk)).toMatchObject({ outcome: { kind: 'dropped' }, complete: true });
  });

  test('told after the events and before the heartbeat still counts', () => {
    const walk = crossNodeRequest();
    const rig = new Rig()
      .walk(walk)
      .loss(loss(4000, 5000))
      .beat(30 * MS);
    expect(rig.of(walk).complete).toBe(false);
  });

  test('several of them add up, the cause is told', () => {
    const walk = sameNodeRequest();
    const rig = new Rig()
      .walk(walk)
      .loss(loss(1000, 2000))
      .loss(loss(1000, 2000, { cause: 'map', count: 4 }))
      .finish();
    expect(rig.of(walk).gaps).toMatchObject([{ kind: 'lost', count: 7 }]);
    expect(rig.of(walk).gaps[0]?.reason).toContain('map');
    expect(rig.correlator.stats.lost).toBe(7);
  });

  test('long ago is forgotten', () => {
    const rig = new Rig().loss(loss(0, 1000)).beat(60_000 * MS);
    const walk = sameNodeRequest({ at: 60_001 * MS });
    expect(rig.walk(walk).finish().of(walk).complete).toBe(true);
  });
});
