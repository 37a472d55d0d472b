/** The same traffic gives the same text, whatever a run makes anew. */
import { expect, test } from 'vitest';
import { canonicalJourney } from '../../../src/cli/render/canonical.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { MS, Rig } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  outsideRequest,
  sameNodeRequest,
} from '../../helpers/journeys-ways.ts';

const text = (journey: Journey): string => canonicalJourney(journey, hop => hop.netns.name?.slice(4) ?? '?');

function texts(at: number, sport: number, others: number): string[] {
  const rig = new Rig();
  for (let n = 0; n < others; n++) rig.walk(sameNodeRequest({ at: n * 1000, sport: 100 + n }));
  const walks = [
    crossNodeRequest({ at: at + 100_000, sport, tcp: { seq: at } }),
    crossNodeReply({ at: at + 400_000, sport }),
    outsideRequest({ at: at + 900_000, sport: sport + 1 }),
  ];
  rig.walk(...walks).finish();
  return walks.map(walk => text(rig.of(walk)));
}

test('no times, ids or ephemeral ports', () => {
  const one = texts(0, 37_144, 0);
  expect(texts(77 * MS, 60_001, 5)).toEqual(one);
  const all = one.join('\n');
  expect(all).not.toMatch(/37144|37145|61001|61002|402653|02:00:/);
  expect(all).toContain('pod pod-a:* > service nginx-service:80 > pod nginx-2:8080');
});

test('what a masquerade picks is ephemeral, whichever number it is', () => {
  const walk = outsideRequest();
  const journey = new Rig().walk(walk).finish().of(walk);
  const hops = journey.hops.map(hop => ({
    ...hop,
    changes: hop.changes.map(change => ({
      ...change,
      ...(change.by === 'masquerade' ? { to: '172.18.0.2:1027' } : {}),
    })),
  }));
  expect(text({ ...journey, hops })).toContain('[src 10.244.1.5:*→172.18.0.2:* masquerade]');
});

test('node ports and services keep their ports', () => {
  const walk = crossNodeRequest();
  const journey = new Rig().walk(walk).finish().of(walk);
  expect(text({ ...journey, to: { ...journey.to, port: 30_080 } })).toContain('nginx-service:30080');
});

test('sizes and sequence numbers of echoes are no other kind of packet', () => {
  const walk = crossNodeRequest();
  const journey = new Rig().walk(walk).finish().of(walk);
  const first = (summary: string): string => text({ ...journey, summary }).split('\n')[0]!;
  expect(first('data 100 B')).toBe(first('data 2 B'));
  expect(first('ICMP echo request 1')).toBe(first('ICMP echo request 7'));
  expect(first('SYN')).not.toBe(first('ACK'));
});

test('what became of it is told', () => {
  const walk = sameNodeRequest();
  const journey = new Rig().walk(walk).finish().of(walk);
  const last = (more: Partial<Journey>): string =>
    text({ ...journey, ...more })
      .split('\n')
      .at(-1)!;
  expect(last({})).toBe('  = delivered');
  expect(last({ complete: false })).toBe('  = delivered incomplete');
  expect(last({ outcome: { kind: 'dropped', reason: 'X', location: 'y', at: 0 } })).toBe('  = dropped X');
  expect(last({ outcome: { kind: 'consumed', by: 'arp', at: 0 } })).toBe('  = consumed by arp');
  expect(last({ outcome: { kind: 'transmitted', dev: 'eth9', at: 0 } })).toBe('  = transmitted eth9');
});
