/** Which journeys a view shows, and in which time: that of the session, that since birth, or one step a hop. */
import type { View } from '../../app/state.ts';
import { Columns } from '../journeys/columns.ts';
import { type Overlay, overlaidWay, overlayOf, sinceBirth } from '../journeys/overlay.ts';
import type { Track } from '../journeys/track.ts';
import type { Lanes } from '../stations/lanes.ts';
import { quietOf } from '../time/quiet.ts';
import { Folds, type Window } from '../time/time-scale.ts';

export interface Shown {
  readonly kind: 'time' | 'overlay' | 'even';
  readonly tracks: readonly Track[];
  readonly overlay?: Overlay;
}

export interface Wish {
  readonly view: View;
  readonly flow: string | undefined;
  readonly journey: string | undefined;
  /** The selected journey alone, in even steps. */
  readonly even: boolean;
  /** Somebody chose a window: then all that is known may come into it, and not only the newest. */
  readonly all: boolean;
}

/** At first sight Live shows the newest. */
export const LIVE_COUNT = 50;
/** In even steps from hop to hop. */
export const STEP = 1000;
/** With more, folds are found by births and ends alone. */
const FINE_FOLDS_MAX = 600;

export function shownOf(tracks: readonly Track[], { view, flow, journey, even, all }: Wish): Shown {
  const selected = tracks.find(({ id }) => id === journey);
  if (even && selected !== undefined) return { kind: 'even', tracks: [selected] };
  const ofFlow = flow === undefined ? undefined : tracks.filter(track => track.journey.flow === flow);
  if (view === 'flow') return { kind: 'time', tracks: ofFlow ?? [] };
  if (view === 'overlay') {
    const way = overlaidWay(selected === undefined ? (ofFlow ?? tracks) : tracks, selected);
    if (way === undefined) return { kind: 'overlay', tracks: [] };
    const overlay = overlayOf(tracks, way);
    return { kind: 'overlay', tracks: overlay.tracks, overlay };
  }
  return { kind: 'time', tracks: all ? tracks : newestOf(tracks) };
}

/** Ids are given in the order of birth, up to packets that were under way at the same time: among so many are the newest. */
const AMONG = 4 * LIVE_COUNT;

/** In the order of birth. @param tracks in the order of their ids */
export const newestOf = (tracks: readonly Track[]): readonly Track[] =>
  tracks
    .slice(-AMONG)
    .sort((a, b) => a.startNs - b.startNs)
    .slice(-LIVE_COUNT);

/** Some room around the newest belongs to them. */
const AROUND_SHARE = 0.1;

/** Does that window lie where the newest are? Then the picture stays as it is, for other journeys would move its folds and stations. */
export function isOfNewest(newest: readonly Track[], window: Window): boolean {
  const fromNs = newest[0]?.startNs ?? 0;
  const toNs = newest.reduce((latest, { endNs }) => Math.max(latest, endNs), fromNs);
  return window.fromNs >= fromNs - AROUND_SHARE * (toNs - fromNs);
}

export function columnsOf({ kind, tracks }: Shown, lanes: Lanes): Columns {
  if (kind === 'overlay') return new Columns(tracks, lanes, sinceBirth);
  if (kind === 'even')
    return new Columns(tracks, lanes, track => Float64Array.from(track.times, (_, hop) => hop * STEP));
  return new Columns(tracks, lanes);
}

export function foldsOf({ kind }: Shown, columns: Columns): Folds {
  if (kind === 'even' || columns.count === 0) return Folds.none;
  const { starts, ends, times } = columns;
  return new Folds(quietOf(columns.count > FINE_FOLDS_MAX ? { starts, ends } : { starts, ends, times }));
}
