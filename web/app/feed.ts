/**
 * What comes from the daemon, into the page's state: at most once a frame, and not at all while the page is paused. What comes
 * meanwhile is kept aside, in the same bounded number, and counted.
 */
import { effect, signal } from '@preact/signals';
import type { FlowVersion } from '../../src/model/flow.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import type { Topology } from '../../src/model/topology.ts';
import { Kept } from './kept.ts';
import type { LiveListener, Skipped } from './live.ts';
import * as state from './state.ts';

export const JOURNEYS_MAX = 10_000;
export const FLOWS_MAX = 5000;

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly retryMs: number }
  /** The token is missing or of another run of the daemon. */
  | { readonly kind: 'refused' };

export const connection = signal<Connection>({ kind: 'connecting' });
/** What the page has not shown: changes passed over, messages that made no sense, and how often it had to connect, or begin, again. */
export interface Missed {
  readonly slow: number;
  readonly evicted: number;
  readonly malformed: number;
  readonly reconnects: number;
  readonly resets: number;
  readonly sessions: number;
}
export const nothingMissed: Missed = {
  ...{ slow: 0, evicted: 0, malformed: 0 },
  ...{ reconnects: 0, resets: 0, sessions: 0 },
};
export const missed = signal(nothingMissed);
/** The connection came back: how long it was away, and what came of it. Until somebody has read it. */
export interface Back {
  readonly afterMs: number;
  /** Changes that the daemon could not tell any more. */
  readonly passedOver: number;
  /** What is here is the newest alone, of this session or of another. */
  readonly isAnew: boolean;
}
export const back = signal<Back | undefined>(undefined);
/** Journeys that came while the page was paused. */
export const cameMeanwhile = signal(0);
/** Made room here for newer ones. */
export const madeRoom = signal(0);
/** Events a second, of the last two stats. */
export const eventsPerSecond = signal<number | undefined>(undefined);

export interface Clock {
  readonly nowMs: () => number;
  /** Soon, and once. */
  readonly onFrame: (draw: () => void) => void;
}

export class Feed implements LiveListener {
  readonly #clock: Clock;
  readonly #journeys = new Kept<JourneyVersion>(JOURNEYS_MAX);
  readonly #flows = new Kept<FlowVersion>(FLOWS_MAX);
  #stats: { readonly stats: Stats; readonly atMs: number } | undefined;
  #topology: Topology | undefined;
  #session: string | undefined;
  #lostAtMs: number | undefined;
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    effect(() => {
      if (!state.paused.value) this.#publish();
    });
  }

  onOpen(session: string): void {
    if (this.#session !== undefined) {
      const isOther = session !== this.#session;
      this.#count('reconnects');
      if (isOther) this.#count('sessions');
      const afterMs = this.#clock.nowMs() - (this.#lostAtMs ?? this.#clock.nowMs());
      back.value = { afterMs, passedOver: 0, isAnew: isOther };
      // Its ids mean something else.
      if (isOther) this.#forget();
    }
    this.#session = session;
    this.#lostAtMs = undefined;
    connection.value = { kind: 'live' };
  }

  onLost(retryMs: number): void {
    this.#lostAtMs ??= this.#clock.nowMs();
    if (connection.peek().kind !== 'refused') connection.value = { kind: 'lost', retryMs };
  }

  onReset(): void {
    this.#count('resets');
    const returned = back.peek();
    if (returned !== undefined) back.value = { ...returned, isAnew: true };
    this.#clear();
  }

  onSkipped({ count, reason }: Skipped): void {
    this.#count(reason, count);
    const returned = back.peek();
    if (returned !== undefined) back.value = { ...returned, passedOver: returned.passedOver + count };
  }

  onMalformed(): void {
    this.#count('malformed');
  }

  onJourneys(items: readonly JourneyVersion[]): void {
    const { journey } = state.selection.peek();
    const came = this.#journeys.put(items, new Set(journey === undefined ? [] : [journey]));
    if (state.paused.peek()) cameMeanwhile.value += came;
    this.#soon();
  }

  /** What was there before the page: nothing that came meanwhile. */
  onOlder(journeys: readonly JourneyVersion[], flows: readonly FlowVersion[]): void {
    const { journey } = state.selection.peek();
    this.#journeys.put(journeys, new Set(journey === undefined ? [] : [journey]));
    this.onFlows(flows);
  }

  onFlows(items: readonly FlowVersion[]): void {
    const { flow } = state.selection.peek();
    this.#flows.put(items, new Set(flow === undefined ? [] : [flow]));
    this.#soon();
  }

  onTopology(topology: Topology): void {
    this.#topology = topology;
    this.#soon();
  }

  onStats(stats: Stats): void {
    const atMs = this.#clock.nowMs();
    const before = this.#stats;
    if (before?.stats.session === stats.session && atMs > before.atMs) {
      const events = stats.events.seen - before.stats.events.seen;
      eventsPerSecond.value = Math.max(0, Math.round((events / (atMs - before.atMs)) * 1000));
    }
    this.#stats = { stats, atMs };
    // Also while paused: the status line says what happens, not what is drawn.
    state.stats.value = stats;
  }

  #count(what: keyof Missed, by = 1): void {
    const before = missed.peek();
    missed.value = { ...before, [what]: before[what] + by };
  }

  #clear(): void {
    this.#journeys.clear();
    this.#flows.clear();
    this.#soon();
  }

  #forget(): void {
    this.#clear();
    this.#stats = undefined;
    this.#topology = undefined;
    eventsPerSecond.value = undefined;
    state.clearSelection();
    state.range.value = undefined;
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.onFrame(() => {
      this.#isDue = false;
      if (!state.paused.peek()) this.#publish();
    });
  }

  #publish(): void {
    if (this.#journeys.isChanged) state.journeys.value = this.#journeys.view();
    if (this.#flows.isChanged) state.flows.value = this.#flows.view();
    if (this.#topology !== state.topology.peek()) state.topology.value = this.#topology;
    cameMeanwhile.value = 0;
    madeRoom.value = this.#journeys.evicted;
  }
}
