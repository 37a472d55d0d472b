import type { Stats } from '../model/stats.ts';
import type { Watching } from './watching.ts';

/** `/api/stats` of CONTRACT 8. */
export function statsOf({ pipeline, store, meter }: Watching): Stats {
  const hello = pipeline.hello!;
  const { kernel, machine, cpus } = hello;
  const { stats, openCount } = pipeline.correlator;
  return {
    session: store.session,
    host: { kernel, machine, cpus },
    taps: meter.taps(hello),
    events: meter.events,
    journeys: { closed: stats.journeys, open: openCount, evicted: store.counts.evictedJourneys },
    suspectJoins: stats.suspectJoins,
    lateEvents: stats.lateEvents,
  };
}
