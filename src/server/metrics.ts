/** `/metrics` for Prometheus: what the daemon did, lost and holds. Numbers of others are asked for when somebody looks. */
import { Counter, Gauge, type Histogram, Registry } from 'prom-client';
import type { JourneyStore } from '../store/journey-store.ts';
import type { Control } from './control.ts';
import type { LiveHub } from './live-hub.ts';
import { boundsNs, Segments } from './segments.ts';

const NS = 1e9;
/** The kernel has some 120; a location of a kernel without reasons may be any. */
const REASONS_MAX = 200;

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

export function createMetrics(control: Control, store: JourneyStore, live: LiveHub): Metrics {
  const registry = new Registry();
  addJourneys(registry, store);
  addHost(registry, control);
  addKept(registry, store);
  addRecording(registry, control);
  addClients(registry, control, live);
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function addJourneys(registry: Registry, store: JourneyStore): void {
  const registers = [registry];
  const outcomes = new Counter({
    name: 'tracer_journeys_total',
    help: 'Journeys that closed, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const drops = new Counter({
    name: 'tracer_drops_total',
    help: "Dropped packets, by the kernel's reason",
    labelNames: ['reason'],
    registers,
  });
  const incomplete = new Counter({
    name: 'tracer_journeys_incomplete_total',
    help: 'Journeys of which something was not seen',
    registers,
  });
  const segments = new Segments();
  addSegments(registry, segments);
  const reasons = new Set<string>();
  store.onClosed(journey => {
    const { outcome, complete } = journey.head;
    outcomes.inc({ outcome: outcome.kind });
    if (!complete) incomplete.inc();
    segments.observe(journey);
    if (outcome.kind !== 'dropped') return;
    if (reasons.size < REASONS_MAX) reasons.add(outcome.reason);
    drops.inc({ reason: reasons.has(outcome.reason) ? outcome.reason : 'other' });
  });
  counter(
    registry,
    'tracer_segments_folded_total',
    'Times of segments counted as other: there are too many',
    {
      of: () => [[{}, segments.folded]],
    },
  );
}

function addHost(registry: Registry, control: Control): void {
  counter(registry, 'tracer_tap_events_total', 'Events seen, by tap', {
    labels: ['tap'],
    of: () => control.stats().taps.map(({ name, events }) => [{ tap: name }, events]),
  });
  counter(registry, 'tracer_tap_lost_total', 'Events that could not be written, by tap', {
    labels: ['tap'],
    of: () => control.stats().taps.map(({ name, lost }) => [{ tap: name }, lost]),
  });
  counter(registry, 'tracer_events_total', 'Events: all that were seen, and those that came to nothing', {
    labels: ['kind'],
    of: () => {
      const { seen, filtered, lost, malformed } = control.stats().events;
      const { own, sampled } = filtered;
      return Object.entries({ seen, own, sampled, lost, malformed }).map(([kind, value]) => [
        { kind },
        value,
      ]);
    },
  });
  gauge(
    registry,
    'tracer_events_unaccounted',
    'Events that the kernel side counted and nothing came of, or the other way round (below 0): 0 if all is well',
    { of: () => [[{}, control.stats().events.unaccounted]] },
  );
  counter(
    registry,
    'tracer_journeys_filtered_total',
    'Journeys that closed and were followed by nobody: not in tracer_journeys_total',
    { of: () => [[{}, control.stats().journeys.filtered]] },
  );
  counter(
    registry,
    'tracer_suspect_joins_total',
    'Steps that the devices do not allow: the journey was cut there',
    {
      of: () => [[{}, control.stats().suspectJoins]],
    },
  );
  counter(registry, 'tracer_late_events_total', 'Events that came after their journey had closed', {
    of: () => [[{}, control.stats().lateEvents]],
  });
  gauge(registry, 'tracer_ready', '1: the taps are attached, and the collector answers', {
    of: () => [[{}, Number(control.isReady())]],
  });
}

function addKept(registry: Registry, store: JourneyStore): void {
  gauge(registry, 'tracer_kept', 'What is kept in memory', {
    labels: ['what'],
    of: () => {
      const { journeys, open, flows } = store.counts;
      return Object.entries({ journeys, open, flows }).map(([what, value]) => [{ what }, value]);
    },
  });
  counter(registry, 'tracer_evicted_total', 'Forgotten, to stay within the memory that is set', {
    labels: ['what'],
    of: () => [
      [{ what: 'journeys' }, store.counts.evictedJourneys],
      [{ what: 'flows' }, store.counts.evictedFlows],
    ],
  });
  counter(registry, 'tracer_amended_total', 'Versions of journeys that took the place of earlier ones', {
    of: () => [[{}, store.counts.amended]],
  });
  gauge(registry, 'tracer_store_bytes', 'Estimated memory of what is kept, and how much it may be', {
    labels: ['of'],
    of: () => [
      [{ of: 'kept' }, store.counts.bytes],
      [{ of: 'limit' }, store.counts.maxBytes],
    ],
  });
  gauge(registry, 'tracer_memory_bytes', 'Memory of the process', {
    labels: ['of'],
    of: () => {
      const { rss, heapUsed, external } = process.memoryUsage();
      return Object.entries({ rss, heap: heapUsed, external }).map(([of, value]) => [{ of }, value]);
    },
  });
}

function addRecording(registry: Registry, control: Control): void {
  counter(
    registry,
    'tracer_recording_skipped_total',
    'What the disk was too slow for: not in the recording',
    {
      labels: ['what'],
      of: () => {
        const { skippedFrames = 0, skippedEvents = 0 } = control.stats().recording ?? {};
        return Object.entries({ frames: skippedFrames, events: skippedEvents }).map(([what, value]) => [
          { what },
          value,
        ]);
      },
    },
  );
  gauge(registry, 'tracer_recording', '1: a recording is being written', {
    of: () => {
      const { recording } = control.stats();
      return [[{}, Number(recording !== undefined && recording.failed === undefined)]];
    },
  });
}

function addClients(registry: Registry, control: Control, live: LiveHub): void {
  gauge(registry, 'tracer_follows', 'Requests to follow, and who wants them', {
    labels: ['of'],
    of: () => {
      const follows = control.follows();
      const followers = follows.reduce((sum, follow) => sum + follow.followers, 0);
      return [
        [{ of: 'requests' }, follows.length],
        [{ of: 'followers' }, followers],
      ];
    },
  });
  gauge(registry, 'tracer_live_clients', 'Clients of the live stream', { of: () => [[{}, live.clients]] });
  counter(registry, 'tracer_live_total', 'Of the live stream: messages sent, and what went wrong', {
    labels: ['what'],
    of: () => Object.entries(live.counts).map(([what, value]) => [{ what }, value]),
  });
}

interface Source {
  readonly labels?: readonly string[];
  readonly of: () => readonly (readonly [labels: Record<string, string>, value: number])[];
}

/** Of what somebody else counts. */
function counter(registry: Registry, name: string, help: string, { labels = [], of }: Source): void {
  new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const [label, value] of of()) this.inc(label, value);
    },
  });
}

function gauge(registry: Registry, name: string, help: string, { labels = [], of }: Source): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const [label, value] of of()) this.set(label, value);
    },
  });
}

const SEGMENTS = 'tracer_segment_seconds';

/** Printed by prom-client, counted by us: of a metric, the registry uses no more than its name and `get()`. */
function addSegments(registry: Registry, segments: Segments): void {
  const get = async () => ({
    name: SEGMENTS,
    help: 'Time from one place to the next, of complete journeys',
    type: 'histogram',
    values: segments.all().flatMap(valuesOf),
  });
  registry.registerMetric({ name: SEGMENTS, get } as unknown as Histogram);
}

function valuesOf({ from, to, counts, sumNs, count }: ReturnType<Segments['all']>[number]) {
  const name = SEGMENTS;
  let sum = 0;
  const buckets = counts.map((inBucket, at) => {
    sum += inBucket;
    const bound = boundsNs[at];
    const le: string | number = bound === undefined ? '+Inf' : bound / NS;
    return { metricName: `${name}_bucket`, labels: { le, from, to }, value: sum };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { from, to }, value: sumNs / NS },
    { metricName: `${name}_count`, labels: { from, to }, value: count },
  ];
}
