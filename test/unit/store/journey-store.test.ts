/** Recorded journeys through the store: what comes out is what went in, within the memory that is set. */
import { describe, expect, test } from 'vitest';
import type { Journey, JourneyVersion } from '../../../src/model/journey.ts';
import { JourneyStore } from '../../../src/store/journey-store.ts';
import { recordedBytes, recordings } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import { replayInto } from './stored.ts';

const crossNode = replay(recordedBytes('flannel-service-cross-node')).journeys;
const SECOND = 1_000_000_000n;

function storeOf(journeys: readonly (Journey | JourneyVersion)[], maxBytes?: number): JourneyStore {
  const store = new JourneyStore({ session: 'test', ...(maxBytes === undefined ? {} : { maxBytes }) });
  for (const journey of journeys) store.put(journey);
  return store;
}

/** A journey as it was before its packet got anywhere. */
function opened(journey: Journey, rev: number): JourneyVersion {
  const { closedBy: _, ...rest } = journey;
  return { ...rest, rev, complete: false, outcome: { kind: 'open', waiting: 'unknown', at: 0 } };
}

const ids = (found: readonly { readonly id: string }[]): string[] => found.map(({ id }) => id);

describe.each(recordings())('%s', name => {
  const { store, journeys, book } = replayInto(name);

  test('every journey is the same again, with a rev', () => {
    for (const journey of journeys) {
      const { rev, ...kept } = store.journey(journey.id)!;
      expect(kept).toEqual(JSON.parse(JSON.stringify(journey)));
      expect(rev).toBe(1);
    }
  });

  test('every flow is what the book says, when an answer has had its time', () => {
    store.beat(BigInt(journeys.at(-1)!.startNs) + 60n * SECOND);
    for (const flow of book.all()) {
      const { rev, ...kept } = store.flow(flow.id)!;
      expect(kept).toEqual(flow);
      expect(rev).toBeGreaterThan(0);
    }
    expect(store.counts.flows).toBe(book.all().length);
  });
});

describe('versions', () => {
  const [first] = crossNode as [Journey];

  test('an open journey becomes a closed one, and counts once', () => {
    const store = storeOf([opened(first, 1), opened(first, 2)]);
    expect(store.counts).toMatchObject({ journeys: 1, open: 1, flows: 0, amended: 1 });
    expect(store.journey(first.id)).not.toHaveProperty('closedBy');
    expect(store.flow(first.flow!)).toBeUndefined();
    store.put({ ...first, rev: 3 });
    expect(store.counts).toMatchObject({ journeys: 1, open: 0, flows: 1, amended: 2 });
    expect(store.journey(first.id)).toMatchObject({ rev: 3, closedBy: first.closedBy });
    expect(store.flow(first.flow!)!.packets).toEqual({ request: 1, reply: 0, related: 0 });
  });

  test('an older version changes nothing', () => {
    const store = storeOf([{ ...first, rev: 3 }]);
    store.put(opened(first, 2));
    expect(store.seq).toBe(1);
    expect(store.journey(first.id)).toMatchObject({ rev: 3, closedBy: first.closedBy });
  });

  test('what comes late amends the flow and is not counted again', () => {
    const store = storeOf(crossNode);
    const { flow } = first;
    const before = store.flow(flow!)!;
    store.put({
      ...first,
      rev: 1,
      complete: false,
      outcome: { kind: 'dropped', reason: 'NETFILTER_DROP', location: 'nf_hook_slow', at: 0 },
    });
    const { rev, ...after } = store.flow(flow!)!;
    expect(rev).toBe(before.rev + 1);
    expect(after).toMatchObject({
      packets: before.packets,
      dropped: before.dropped + 1,
      lost: before.lost + 1,
    });
    store.put({ ...first, rev: 2 });
    expect(store.flow(flow!)).toMatchObject({ dropped: before.dropped, lost: before.lost });
  });

  test('a version with another outcome is found by that alone', () => {
    const store = storeOf([opened(first, 1)]);
    store.put({ ...first, rev: 2 });
    expect(store.journeys({ outcome: 'open' }, { limit: 10 }).all()).toEqual([]);
    expect(ids(store.journeys({ outcome: first.outcome.kind }, { limit: 10 }).all())).toEqual([first.id]);
  });

  test('each closes once for whoever looks on', () => {
    const store = new JourneyStore({ session: 'test' });
    const seen: string[] = [];
    const stop = store.onClosed(({ id, rev }) => seen.push(`${id} ${rev}`));
    store.put(opened(first, 1));
    store.put({ ...first, rev: 2 });
    store.put({ ...first, rev: 3 });
    expect(seen).toEqual([`${first.id} 2`]);
    stop();
    store.put({ ...first, id: 'x' });
    expect(seen).toHaveLength(1);
  });
});

describe('time', () => {
  test('an unanswered request is open for a second, then changes although nothing comes', () => {
    const request = replay(recordedBytes('flannel-policy-drop')).journeys.find(
      ({ proto, packet }) => proto === 'tcp' && packet.tcp?.flags === 'S',
    )!;
    const alone: Journey = { ...request, outcome: { kind: 'delivered', to: 'stack', at: 0 } };
    const sent = BigInt(request.startNs);
    const store = storeOf([alone]);
    store.beat(sent + SECOND - 1n);
    expect([store.seq, store.flow(request.flow!)]).toMatchObject([1, { state: 'open' }]);
    const { rev } = store.flow(request.flow!)!;
    store.beat(sent + SECOND);
    expect([store.seq, store.flow(request.flow!)]).toMatchObject([2, { state: 'unanswered', rev: rev + 1 }]);
    store.beat(sent + 2n * SECOND);
    expect(store.seq).toBe(2);
    expect(ids(store.flows({ state: 'unanswered' }, { since: 1, limit: 10 }).all())).toEqual([request.flow]);
  });
});

test('a second request that waits is overdue in its own time, when the first has been answered', () => {
  const [request] = crossNode as [Journey];
  const reply = crossNode.find(({ direction }) => direction === 'reply')!;
  const at = (journey: Journey, id: string, afterMs: bigint): Journey => ({
    ...journey,
    id,
    startNs: String(BigInt(request.startNs) + afterMs * 1_000_000n),
  });
  const sent = BigInt(request.startNs);
  const store = storeOf([request, at(reply, 'b', 1n), at(request, 'c', 500n)]);
  store.beat(sent + SECOND);
  expect(store.flow(request.flow!)).toMatchObject({ state: 'answered' });
  const { seq } = store;
  store.beat(sent + SECOND + SECOND / 2n);
  expect([store.seq, store.flow(request.flow!)]).toMatchObject([seq + 1, { state: 'unanswered' }]);
});

describe('pages', () => {
  const store = storeOf(crossNode);

  test('without since: the newest, in the order of their changes', () => {
    const search = store.journeys({}, { limit: 3 });
    expect(ids(search.all())).toEqual(ids(crossNode.slice(-3)));
    expect(search.next).toBe(store.seq);
  });

  test('one after the other they give all, each once', () => {
    const seen: string[] = [];
    for (let since = 0; since < store.seq; ) {
      const search = store.journeys({ outcome: 'delivered' }, { since, limit: 2 });
      seen.push(...ids(search.all()));
      expect(search.next).toBeGreaterThan(since);
      since = search.next;
    }
    expect(seen).toEqual(ids(crossNode.filter(({ outcome }) => outcome.kind === 'delivered')));
  });

  test('looked for in small steps they are the same', () => {
    const range = [{ limit: 3 }, { since: 2, limit: 4 }];
    for (const each of range) {
      const search = store.journeys({ q: 'nginx' }, each);
      while (!search.step(1));
      expect(ids(search.found)).toEqual(ids(store.journeys({ q: 'nginx' }, each).all()));
      expect(search.found.length).toBeGreaterThan(2);
    }
  });

  test('what changes while they are looked for is for the next page', () => {
    const changing = storeOf(crossNode);
    const search = changing.journeys({}, { since: 0, limit: 100 });
    search.step(3);
    changing.put({ ...crossNode[0]!, rev: 9 });
    while (!search.step(3));
    expect(search.next).toBe(crossNode.length);
    expect(ids(search.found)).toEqual(ids(crossNode));
    const after = changing.journeys({}, { since: search.next, limit: 100 });
    expect(ids(after.all())).toEqual([crossNode[0]!.id]);
  });
});

describe('memory', () => {
  test('the one that has not changed for longest goes first, and is counted', () => {
    const journeys = Array.from({ length: 300 }, (_, n) => ({ ...crossNode[n % 10]!, id: String(n) }));
    const all = storeOf(journeys).counts;
    const store = storeOf(journeys, all.bytes / 2);
    const { bytes, maxBytes, evictedJourneys } = store.counts;
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(evictedJourneys).toBeGreaterThan(100);
    const kept = store.journeys({}, { limit: 1000 }).all();
    expect(ids(kept)).toEqual(ids(journeys.slice(evictedJourneys)));
    expect(store.oldest).toBe(evictedJourneys);
    expect(store.journey('0')).toBeUndefined();
  });

  test('one that is amended stays', () => {
    const [first] = crossNode as [Journey];
    const [a, b, c] = ['a', 'b', 'c'].map(id => ({ ...first, id })) as [Journey, Journey, Journey];
    // Room for one more request that waits for its answer, and not for one more journey.
    const max = storeOf([a, b]).counts.bytes + 900;
    const store = storeOf([a, b, { ...a, rev: 1 }, c], max);
    expect(store.journey('b')).toBeUndefined();
    expect(store.journey('a')).toMatchObject({ rev: 1 });
  });

  test('a flow goes when its journeys have gone; all that is left is nothing', () => {
    const store = storeOf([], 1);
    for (const journey of crossNode) store.put(journey);
    expect(store.counts).toMatchObject({ journeys: 0, flows: 0, bytes: 0, evictedJourneys: 10 });
    expect(store.counts.evictedFlows).toBeGreaterThan(0);
    expect(store.journeys({ flow: crossNode[0]!.flow! }, { limit: 10 }).all()).toEqual([]);
    expect(store.oldest).toBe(store.seq);
  });

  test('a flow that was evicted while one of its journeys was open begins anew', () => {
    const [first, second] = crossNode as [Journey, Journey];
    const limit = storeOf([first, second]).counts.bytes;
    const store = storeOf([first, opened(second, 1)], limit);
    for (let rev = 2; rev < 50; rev++) store.put(opened(second, rev));
    for (let n = 0; n < 4; n++) store.put({ ...crossNode[2]!, flow: `f${n}`, id: `x${n}` });
    store.put({ ...second, rev: 99 });
    expect(store.flow(second.flow!)!.packets.request + store.flow(second.flow!)!.packets.reply).toBe(1);
    expect(ids(store.journeys({ flow: second.flow! }, { limit: 10 }).all())).toEqual([second.id]);
  });
});
