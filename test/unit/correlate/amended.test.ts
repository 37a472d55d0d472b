/** What is told of a journey before it is over, and after. */
import { describe, expect, test } from 'vitest';
import type { JourneyRecord } from '../../../src/model/journey-record.ts';
import { Rig, Walk } from '../../helpers/journeys.ts';
import { sameNodeRequest } from '../../helpers/journeys-ways.ts';

const MS = 1_000_000;

const told = (rig: Rig, kind: 'open' | 'closed' | 'amended'): JourneyRecord[] =>
  rig.deltas.flatMap(delta => (delta.kind === kind ? [delta.journey] : []));

const waiting = (): Walk =>
  new Walk(sameNodeRequest().packet).queue('pod-a eth0').receive('node-1 va').waits('node-1 vb');

describe('a journey that takes long', () => {
  test('is told of while it is open, once for what is new', () => {
    const walk = waiting();
    const rig = new Rig().walk(walk).beats(20 * MS, 400 * MS);
    expect(told(rig, 'open')).toMatchObject([
      { rev: 1, outcome: { kind: 'open', waiting: 'neighbour', at: 2 }, complete: false, flow: '1' },
    ]);
    expect(told(rig, 'open')[0]!.closedBy).toBeUndefined();
    rig.walk(new Walk(walk.packet)); // nothing
    walk.queue('node-1 vb', { at: 410 * MS, flags: 0, iif: 5 });
    const later = new Rig().walk(walk).beats(20 * MS, 420 * MS);
    expect(told(later, 'open').map(({ rev, events }) => [rev, events.length])).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  test('closes with a larger rev', () => {
    const walk = waiting().freed('NEIGH_FAILED', 'neigh_invalidate', { at: 300 * MS });
    const rig = new Rig().walk(walk).beats(20 * MS, 600 * MS);
    expect(told(rig, 'closed')).toMatchObject([{ rev: 2, outcome: { kind: 'dropped' }, complete: true }]);
  });

  test('is not told of twice when it closes in time', () => {
    const rig = new Rig().walk(sameNodeRequest()).beats(20 * MS, 400 * MS);
    expect(rig.deltas.map(({ kind }) => kind)).toEqual(['closed']);
    expect(told(rig, 'closed')[0]!.rev).toBe(1);
  });
});

describe('a late event', () => {
  const late = (more: (walk: Walk) => Walk): Rig => {
    const walk = sameNodeRequest();
    const rig = new Rig().walk(walk).beats(20 * MS, 200 * MS);
    const rest = more(Object.assign(new Walk(walk.packet, { skb: walk.skb }), { nowNs: 250 * MS }));
    for (const event of rest.events) Object.assign(event, { packet: walk.id });
    return rig.walk(rest).beats(260 * MS, 300 * MS);
  };

  test('amends: the process read after the journey was closed', () => {
    const rig = late(walk => walk.copied());
    const [closed] = told(rig, 'closed');
    expect(closed).toMatchObject({ rev: 1, outcome: { kind: 'delivered', to: 'stack' } });
    expect(told(rig, 'amended')).toMatchObject([
      {
        id: closed!.id,
        rev: 2,
        flow: closed!.flow,
        outcome: { kind: 'delivered', to: 'process' },
        complete: true,
      },
    ]);
    expect(closed!.events.length).toBe(told(rig, 'amended')[0]!.events.length - 1);
    expect(rig.correlator.stats.lateEvents).toBe(1);
  });

  test('that says nothing of it, or cannot follow, amends nothing', () => {
    expect(
      told(
        late(walk => walk.consumed('skb_defer_free_flush')),
        'amended',
      ),
    ).toEqual([]);
    expect(
      told(
        late(walk => walk.receive('node-2 vc')),
        'amended',
      ),
    ).toEqual([]);
  });

  test('is only counted when the journey has been forgotten', () => {
    const walk = sameNodeRequest();
    const rig = new Rig().walk(walk).beats(20 * MS, 2000 * MS);
    const [event] = new Walk(walk.packet, { at: 2010 * MS, skb: walk.skb }).copied().events;
    rig.walk(Object.assign(new Walk(walk.packet), { events: [{ ...event!, packet: walk.id }] })).finish();
    expect(told(rig, 'amended')).toEqual([]);
  });
});
