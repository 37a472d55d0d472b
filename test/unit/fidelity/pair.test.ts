/** Which of tcpdump's observations is which hop: the judge itself is judged here. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/model/event.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { type HopSight, type Observation, pair } from '../../helpers/fidelity-sights.ts';

const US = 1000;
const STOPS = ['pod eth0 tx', 'node veth rx', 'node cni0 tx'];

/** A packet of a journey at its stops; headers are alike in all. @param atUs what the taps say, @param stampUs what tcpdump says. */
function way(journey: string, cpu: number, atUs: readonly number[], stampUs: readonly number[] = atUs) {
  const seen = { journey: { id: journey } as Journey, record: { events: [] } as never };
  const sights = STOPS.map(
    (place, k): HopSight => ({
      place,
      text: 'alike',
      timeNs: atUs[k]! * US,
      event: { cpu } as Event,
      seen,
      observation: undefined,
    }),
  );
  const observations = STOPS.map(
    (place, k): Observation => ({
      netns: 1,
      place,
      text: 'alike',
      timeNs: stampUs[k]! * US,
      identity: `time stamp of ${journey}`,
      station: place,
      datagram: undefined,
      slackNs: [1_000_000, 1_000_000],
      hop: undefined,
      packet: undefined,
    }),
  );
  return { sights, observations };
}

function journeysOf(...ways: readonly ReturnType<typeof way>[]): string[][] {
  pair(
    ways.flatMap(w => w.observations),
    ways.flatMap(w => w.sights),
  );
  return ways.map(w => w.observations.map(o => o.hop?.seen.journey.id ?? 'none'));
}

describe('two packets with the same headers', () => {
  it('are paired in their order', () => {
    expect(journeysOf(way('a', 0, [0, 5, 9]), way('b', 1, [2000, 2005, 2009]))).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ]);
  });

  it('on two CPUs at once are told apart by the rest of their way', () => {
    // At the last two stops the taps fire the other way round than tcpdump has stamped.
    const waited = way('a', 0, [0, 2305, 2322], [0, 2299, 2310]);
    const again = way('b', 1, [2290, 2303, 2320], [2290, 2300, 2312]);
    expect(journeysOf(waited, again)).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ]);
  });

  it('on one CPU stay as the clocks have them, though a journey then holds two packets', () => {
    const waited = way('a', 0, [0, 2305, 2322], [0, 2299, 2310]);
    const again = way('b', 0, [2290, 2303, 2320], [2290, 2300, 2312]);
    expect(journeysOf(waited, again)).toEqual([
      ['a', 'b', 'b'],
      ['b', 'a', 'a'],
    ]);
  });

  it('joined wrongly where the clocks can tell are not put right', () => {
    const first = way('a', 0, [0, 5, 9]);
    const second = way('b', 1, [4000, 4005, 4009]);
    const [x, y] = [first.sights[2]!, second.sights[2]!];
    first.sights[2] = { ...x, seen: y.seen };
    second.sights[2] = { ...y, seen: x.seen };
    expect(journeysOf(first, second)).toEqual([
      ['a', 'a', 'b'],
      ['b', 'b', 'a'],
    ]);
  });
});
