/** From what the page knows to one scene: each step is computed again only when what it is made of changed. */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { palette } from '../../app/palette.ts';
import { journeys, paused, range, selection, stats, topology, view } from '../../app/state.ts';
import { AXIS_PX, type Scene, type Spot, type Usual } from '../draw/scene.ts';
import type { Columns } from '../journeys/columns.ts';
import { type Joint, jointsOf } from '../journeys/joints.ts';
import { type Track, Tracks } from '../journeys/track.ts';
import { LaneScale } from '../stations/lane-scale.ts';
import { type Lanes, lanesOf, waysOf } from '../stations/lanes.ts';
import { placeNamesOf } from '../stations/place-names.ts';
import { around } from '../time/move-window.ts';
import { Folds, TimeScale, type Window } from '../time/time-scale.ts';
import { Holding } from './holding.ts';
import { openBands } from './open-bands.ts';
import { columnsOf, foldsOf, isOfNewest, newestOf, type Shown, shownOf } from './shown.ts';
import { usualOf } from './usual.ts';

/** What the reader set and nobody else needs to know. */
export interface Choices {
  readonly folded: Signal<boolean>;
  readonly even: Signal<boolean>;
  /** By band: opened or closed by hand. */
  readonly bands: Signal<ReadonlyMap<string, boolean>>;
  /** Groups that are shown one by one. */
  readonly ungrouped: Signal<ReadonlySet<string>>;
  /** The window where the time is not the session's. */
  readonly ownRange: Signal<Window | undefined>;
  readonly scrollPx: Signal<number>;
}

export interface Pointer {
  readonly spot?: { readonly journey: string; readonly hop: number };
  readonly xPx: number;
  readonly yPx: number;
  readonly dragging: boolean;
}

/** What does not change while the reader moves about. */
interface Picture {
  readonly shown: Shown;
  readonly lanes: Lanes;
  readonly columns: Columns;
  readonly joints: readonly Joint[];
  readonly usual: readonly Usual[];
  readonly folds: Folds;
}

export interface Diagram {
  readonly choices: Choices;
  readonly size: Signal<{ readonly widthPx: number; readonly heightPx: number }>;
  readonly pointer: Signal<Pointer | undefined>;
  /** Somebody did something in this page. */
  readonly touched: Signal<boolean>;
  readonly scene: ReadonlySignal<Scene>;
  readonly shown: ReadonlySignal<Shown>;
  /** All that is known, whatever the view shows. */
  readonly tracks: ReadonlySignal<readonly Track[]>;
  /** How many came and are held back, so that nothing moves. */
  readonly waiting: ReadonlySignal<number>;
  /** Where the window that somebody chose is kept: the page's, or in a time that is not the session's our own. */
  readonly window: Signal<Window | undefined>;
}

/** Room on the right of the newest in Live, for its label. */
const NEWEST_SHARE = 0.06;
const EMPTY: Window = { fromNs: 0, toNs: 1e9 };

export function createDiagram(): Diagram {
  const choices: Choices = {
    folded: signal(true),
    even: signal(false),
    bands: signal(new Map()),
    ungrouped: signal(new Set()),
    ownRange: signal(undefined),
    scrollPx: signal(0),
  };
  const size = signal({ widthPx: 800, heightPx: 400 });
  const pointer = signal<Pointer | undefined>(undefined);
  const touched = signal(false);
  const { tracks, waiting } = knownTracks(pointer, touched);
  // Not the window itself: moving it makes no other picture.
  const newest = computed(() => newestOf(tracks.value));
  const all = computed(() => range.value !== undefined && !isOfNewest(newest.value, range.value));
  const flow = computed(() => selection.value.flow);
  const journey = computed(() => selection.value.journey);
  const shown = computed(() =>
    shownOf(tracks.value, {
      view: view.value,
      flow: flow.value,
      // In time, what is selected does not decide what is shown.
      journey: choices.even.value || view.value === 'overlay' ? journey.value : undefined,
      even: choices.even.value,
      all: all.value,
    }),
  );
  const picture = computed(() => pictureOf(shown.value, choices));
  return {
    choices,
    size,
    pointer,
    touched,
    tracks,
    waiting,
    shown,
    scene: sceneFrom(picture, choices, size, pointer),
    get window() {
      return shown.peek().kind === 'time' ? range : choices.ownRange;
    },
  };
}

function knownTracks(
  pointer: Signal<Pointer | undefined>,
  touched: Signal<boolean>,
): Pick<Diagram, 'tracks' | 'waiting'> {
  const holding = new Holding();
  // In the address of a page that is still being filled: nobody reads it yet.
  const cameWith = selection.peek().journey;
  const isRead = computed(() => {
    const { journey } = selection.value;
    return journey !== undefined && (touched.value || journey !== cameWith);
  });
  const held = computed(
    () =>
      paused.value || pointer.value?.dragging === true || pointer.value?.spot !== undefined || isRead.value,
  );
  const epochNs = computed(() => stats.value?.startNs);
  const data = computed(() => holding.take(journeys.value, held.value));
  let made = new Tracks(0n);
  const tracks = computed(() => {
    const all = data.value.journeys;
    // Until the session says when it began, its first packet is its beginning.
    const first = epochNs.value ?? (made.epochNs === 0n ? all.values().next().value?.startNs : undefined);
    if (first !== undefined && BigInt(first) !== made.epochNs) made = new Tracks(BigInt(first));
    const list: Track[] = [];
    for (const journey of all.values()) {
      const track = made.of(journey);
      if (track !== undefined) list.push(track);
    }
    return list;
  });
  return { tracks, waiting: computed(() => data.value.waiting) };
}

function pictureOf(shown: Shown, choices: Choices): Picture {
  const ways = waysOf(shown.tracks).map(({ track }) => track.journey);
  const lanes = lanesOf(shown.tracks, placeNamesOf(ways, topology.value), {
    ungrouped: choices.ungrouped.value,
  });
  const columns = columnsOf(shown, lanes);
  return {
    shown,
    lanes,
    columns,
    joints: jointsOf(columns),
    usual: usualOf(shown, lanes),
    folds: choices.folded.value ? foldsOf(shown, columns) : Folds.none,
  };
}

function sceneFrom(
  picture: ReadonlySignal<Picture>,
  choices: Choices,
  size: Diagram['size'],
  pointer: Diagram['pointer'],
): ReadonlySignal<Scene> {
  const time = computed(() => {
    const { shown, columns, folds } = picture.value;
    const { widthPx } = size.value;
    const chosen = shown.kind === 'time' ? range.value : choices.ownRange.value;
    const live = view.value === 'live' && shown.kind === 'time';
    const all = (): Window =>
      around(columns.extent ?? EMPTY, { widthPx, folds }, live ? NEWEST_SHARE : undefined);
    return new TimeScale(chosen ?? all(), widthPx, folds);
  });
  const selected = computed(() =>
    spotOf(picture.value.columns, selection.value.journey, selection.value.hop),
  );
  const laneScale = computed(() => {
    const { lanes, columns } = picture.value;
    const open = openBands(lanes, columns, selected.value?.journey, choices.bands.value);
    return new LaneScale(lanes, open, size.value.heightPx - AXIS_PX, choices.scrollPx.value - AXIS_PX);
  });
  return computed(() => {
    const { shown, columns, joints, usual, lanes } = picture.value;
    const under = pointer.value?.spot;
    const hovered = spotOf(columns, under?.journey, under?.hop);
    return {
      kind: shown.kind,
      columns,
      joints,
      usual,
      lanes,
      laneScale: laneScale.value,
      time: time.value,
      heightPx: size.value.heightPx,
      palette: palette.value,
      originNs: originOf(shown.kind, columns, view.value),
      latestNs: columns.extent?.toNs ?? 0,
      ...(selected.value === undefined ? {} : { selected: selected.value }),
      ...(hovered === undefined ? {} : { hovered }),
    };
  });
}

function spotOf(columns: Columns, id: string | undefined, hop: number | undefined): Spot | undefined {
  const journey = columns.indexOf(id);
  if (journey === undefined) return undefined;
  const last = columns.first[journey + 1]! - columns.first[journey]! - 1;
  return { journey, hop: Math.max(0, Math.min(hop ?? 0, last)) };
}

/** A conversation counts from its first packet, Live from the beginning of the session. */
function originOf(kind: Shown['kind'], columns: Columns, shownView: string): number {
  return kind === 'time' && shownView === 'live' ? 0 : (columns.extent?.fromNs ?? 0);
}
