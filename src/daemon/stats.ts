import type { Stats } from '../model/stats.ts';
import { rfc3339 } from '../resolve/resolver.ts';
import type { Watching } from './watching.ts';

/** `/api/stats` of CONTRACT 8. */
export function statsOf({ pipeline, store, meter, recording, unasked }: Watching): Stats {
  const hello = pipeline.hello!;
  const { kernel, machine, cpus, clock } = hello;
  const { suspectJoins, lateEvents } = pipeline.correlator.stats;
  const { journeys, closed, open, evictedJourneys } = store.counts;
  return {
    session: store.session,
    startedAt: rfc3339(BigInt(clock.realtimeNs)),
    startNs: clock.monotonicNs,
    host: { kernel, machine, cpus },
    taps: meter.taps(hello),
    events: meter.events,
    journeys: { closed, open, kept: journeys, evicted: evictedJourneys, filtered: unasked },
    ...(recording === undefined ? {} : { recording: recording.stats }),
    suspectJoins,
    lateEvents,
  };
}
