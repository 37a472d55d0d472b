/** What Prometheus reads: every number is that of journeys that were put, and the number of series is bounded. */
import { afterAll, describe, expect, test } from 'vitest';
import type { Hop } from '../../../src/model/journey.ts';
import { daemon } from './daemon.ts';

const { server, store, recorded } = daemon();
const kindnet = daemon({}, 'flannel-policy-drop');
afterAll(async () => {
  await server.close();
  await kindnet.server.close();
});

/** `name{labels}` → value. Every line has to be one that Prometheus takes. */
async function metrics(from = server): Promise<Map<string, number>> {
  const reply = await from.app.inject({ url: '/metrics', headers: { host: 'localhost' } });
  expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4');
  const values = new Map<string, number>();
  for (const line of reply.body.split('\n').filter(text => text !== '' && !text.startsWith('#'))) {
    const match = /^([a-z_]+(?:\{(?:[a-z]+="[^"\n]*",?)*\})?) (\S+)$/i.exec(line);
    expect(match, line).not.toBeNull();
    values.set(match![1]!, Number(match![2]));
  }
  return values;
}

const sumOf = (values: Map<string, number>, start: string): number =>
  [...values].filter(([key]) => key.startsWith(start)).reduce((sum, [, value]) => sum + value, 0);

/** The journeys were put before the server was made: nothing of them is counted, as for a daemon that reads on. */
function putAgain(host: typeof kindnet): void {
  for (const journey of host.recorded.journeys) host.store.put({ ...journey, id: `again-${journey.id}` });
}

describe('journeys', () => {
  test('by outcome, drops by reason', async () => {
    putAgain(kindnet);
    const values = await metrics(kindnet.server);
    const { journeys } = kindnet.recorded;
    for (const kind of new Set(journeys.map(({ outcome }) => outcome.kind))) {
      const count = journeys.filter(({ outcome }) => outcome.kind === kind).length;
      expect(values.get(`tracer_journeys_total{outcome="${kind}"}`)).toBe(count);
    }
    expect(sumOf(values, 'tracer_journeys_total')).toBe(journeys.length);
    expect(values.get('tracer_drops_total{reason="NETFILTER_DROP"}')).toBeGreaterThan(0);
    expect(sumOf(values, 'tracer_drops_total')).toBe(values.get('tracer_journeys_total{outcome="dropped"}'));
  });

  test('segments add up to the time on the way', async () => {
    for (const journey of recorded.journeys) store.put({ ...journey, id: `again-${journey.id}` });
    const values = await metrics();
    const place = ({ netns, dev }: Hop): string => `${netns.name} ${dev ?? ''}`.trim();
    let seconds = 0;
    let count = 0;
    for (const { hops, complete } of recorded.journeys) {
      if (!complete) continue;
      let from = hops[0]!;
      for (const hop of hops) {
        if (place(hop) === place(from)) continue;
        seconds += (hop.offsetNs - from.offsetNs) / 1e9;
        count++;
        from = hop;
      }
    }
    expect(count).toBeGreaterThan(50);
    expect(sumOf(values, 'tracer_segment_seconds_count')).toBe(count);
    expect(sumOf(values, 'tracer_segment_seconds_sum')).toBeCloseTo(seconds, 9);
    const [key] = [...values.keys()].filter(name => name.startsWith('tracer_segment_seconds_count'));
    const labels = /\{(.*)\}/.exec(key!)![1]!;
    const buckets = [...values].filter(
      ([name]) => name.startsWith('tracer_segment_seconds_bucket') && name.includes(labels),
    );
    expect(buckets.map(([, value]) => value)).toEqual(
      buckets.map(([, value]) => value).sort((a, b) => a - b),
    );
    expect(buckets.at(-1)![1]).toBe(values.get(key!));
  });

  test('a host with thousands of devices makes no thousands of series', async () => {
    const [first] = recorded.journeys;
    for (let n = 0; n < 2000; n++) {
      const hops = first!.hops.map((hop, index) => ({ ...hop, dev: `veth${n}-${index}` }));
      store.put({ ...first!, hops, id: `many-${n}` });
    }
    const values = await metrics();
    const series = [...values.keys()].filter(name => name.startsWith('tracer_segment_seconds_count'));
    expect(series.length).toBeLessThanOrEqual(257);
    const folded = values.get('tracer_segments_folded_total')!;
    expect(folded).toBeGreaterThan(10_000);
    expect(values.get('tracer_segment_seconds_count{from="other",to="other"}')).toBe(folded);
  });
});

test('what is kept, lost, followed and connected', async () => {
  const values = await metrics();
  const { journeys, flows, bytes, maxBytes } = store.counts;
  expect(Object.fromEntries(values)).toMatchObject({
    'tracer_kept{what="journeys"}': journeys,
    'tracer_kept{what="flows"}': flows,
    'tracer_store_bytes{of="kept"}': bytes,
    'tracer_store_bytes{of="limit"}': maxBytes,
    'tracer_evicted_total{what="journeys"}': 0,
    'tracer_tap_events_total{tap="net_dev_queue"}': recorded.pipeline.correlator.stats.events,
    'tracer_tap_lost_total{tap="net_dev_queue"}': 0,
    'tracer_events_total{kind="own"}': 3,
    'tracer_events_total{kind="sampled"}': 4,
    tracer_events_unaccounted: 0,
    tracer_journeys_filtered_total: 5,
    'tracer_recording_skipped_total{what="events"}': 2,
    tracer_recording: 1,
    'tracer_follows{of="followers"}': 0,
    tracer_live_clients: 0,
    'tracer_live_total{what="skipped"}': 0,
    tracer_suspect_joins_total: 0,
    tracer_ready: 1,
  });
  expect(values.get('tracer_memory_bytes{of="rss"}')).toBeGreaterThan(1e7);
});
