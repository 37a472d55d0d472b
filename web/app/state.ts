/**
 * The one place of what the page knows and shows. Whoever draws reads these signals; whoever acts calls the functions below. What
 * comes from the daemon is written by web/app/feed.ts alone.
 */
import { computed, signal } from '@preact/signals';
import type { FlowVersion } from '../../src/model/flow.ts';
import type { AnyJourney, JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import type { Topology } from '../../src/model/topology.ts';

export interface Selection {
  readonly flow?: string;
  readonly journey?: string;
  /** Index in its hops. */
  readonly hop?: number;
}

export type View = 'live' | 'flow' | 'overlay';
export type Theme = 'system' | 'light' | 'dark';

/** ns since the session began. */
export interface TimeRange {
  readonly fromNs: number;
  readonly toNs: number;
}

/** The newest version of each, in order of birth; bounded (feed.ts). Another map whenever something changed. */
export const journeys = signal<ReadonlyMap<string, JourneyVersion>>(new Map());
export const flows = signal<ReadonlyMap<string, FlowVersion>>(new Map());
export const topology = signal<Topology | undefined>(undefined);
export const stats = signal<Stats | undefined>(undefined);

export const selection = signal<Selection>({});
export const view = signal<View>('live');
/** What came is kept aside and counted: nothing on the page moves. */
export const paused = signal(false);
/** What the diagram shows, if somebody chose. */
export const range = signal<TimeRange | undefined>(undefined);
export const theme = signal<Theme>('system');
/** The words of the filter box: what the lists show. */
export const filterText = signal('');
export type ListTab = 'flows' | 'journeys';
export const listTab = signal<ListTab>('flows');
export type LowerTab = 'topology' | 'charts';
export const lowerTab = signal<LowerTab>('topology');

export const selectedJourney = computed(() => {
  const { journey } = selection.value;
  return journey === undefined ? undefined : journeys.value.get(journey);
});
export const selectedFlow = computed(() => {
  const { flow } = selection.value;
  return flow === undefined ? undefined : flows.value.get(flow);
});

const sessionStartNs = computed(() => (stats.value === undefined ? undefined : BigInt(stats.value.startNs)));

/** ns since the session began; 0 before anything is known of the session. */
export function sinceStartNs({ startNs }: Pick<AnyJourney, 'startNs'>): number {
  const base = sessionStartNs.value;
  return base === undefined ? 0 : Number(BigInt(startNs) - base);
}

/** Without a hop: where it was dropped, else where it begins. */
export function selectJourney(id: string, hop?: number): void {
  const journey = journeys.peek().get(id);
  const first = journey?.outcome.kind === 'dropped' ? journey.outcome.at : 0;
  selection.value = {
    ...(journey?.flow === undefined ? {} : { flow: journey.flow }),
    journey: id,
    hop: clampedHop(journey, hop ?? first),
  };
}

export function selectFlow(id: string): void {
  selection.value = { flow: id };
  if (view.peek() === 'live') view.value = 'flow';
}

/** Along the selected journey; stays at its ends. */
export function stepHop(by: number): void {
  const { journey: id, hop = 0, ...rest } = selection.peek();
  if (id === undefined) return;
  selection.value = { ...rest, journey: id, hop: clampedHop(journeys.peek().get(id), hop + by) };
}

export function clearSelection(): void {
  selection.value = {};
  if (view.peek() === 'flow') view.value = 'live';
}

function clampedHop(journey: JourneyVersion | undefined, hop: number): number {
  const last = journey === undefined ? Number.MAX_SAFE_INTEGER : journey.hops.length - 1;
  return Math.max(0, Math.min(hop, last));
}
