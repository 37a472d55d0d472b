/** Journeys that really happened, as the page gets them. */
import type { Journey } from '../../../../src/model/journey.ts';
import { type Track, Tracks } from '../../../../web/timeline/journeys/track.ts';
import { type Lanes, lanesOf } from '../../../../web/timeline/stations/lanes.ts';
import { placeNamesOf } from '../../../../web/timeline/stations/place-names.ts';
import { recordedBytes } from '../../../golden/recordings.ts';
import { replay } from '../../../golden/replay.ts';

export function recordedJourneys(name: string): readonly Journey[] {
  return replay(recordedBytes(name)).journeys;
}

export interface Recorded {
  readonly journeys: readonly Journey[];
  readonly tracks: readonly Track[];
  readonly lanes: Lanes;
}

export function recorded(name: string): Recorded {
  const journeys = recordedJourneys(name);
  const all = new Tracks(BigInt(journeys[0]!.startNs));
  const tracks = journeys.map(journey => all.of(journey)!);
  return { journeys, tracks, lanes: lanesOf(tracks, placeNamesOf(journeys, undefined)) };
}
