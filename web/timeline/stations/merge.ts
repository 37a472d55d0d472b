/**
 * The order of the stations: many ways, each with its own sequence of places, become one sequence down the side. A way that goes back
 * (a reply) is read from its end, so that it climbs the same stations. A place that one way meets twice is two stations.
 *
 * What is known stays where it is; a new place goes in before the next place of its way that is known, else behind the last one. So two
 * ways that contradict each other share their stations, and one of them runs both down and up.
 */

export interface Way {
  /** In the order of time. */
  readonly places: readonly string[];
  readonly back: boolean;
}

export interface Merged {
  readonly order: readonly string[];
  /** For each way, in its order of time: which entry of `order` each of its places is. */
  readonly stops: readonly (readonly number[])[];
}

/** The second visit to a place is another station. */
const numbered = (places: readonly string[]): string[] => {
  const times = new Map<string, number>();
  return places.map(place => {
    const nth = (times.get(place) ?? 0) + 1;
    times.set(place, nth);
    return nth === 1 ? place : `${place}@${nth}`;
  });
};

/** Steps that go down the known order, less those that go up. */
function agreement(places: readonly string[], order: readonly string[]): number {
  const known = places.map(place => order.indexOf(place)).filter(at => at >= 0);
  let score = 0;
  for (let i = 1; i < known.length; i++) score += Math.sign(known[i]! - known[i - 1]!);
  return score;
}

function insert(places: readonly string[], order: string[]): void {
  let cursor = 0;
  for (const [i, place] of places.entries()) {
    const at = order.indexOf(place);
    if (at >= 0) {
      cursor = Math.max(cursor, at + 1);
      continue;
    }
    const next = places.slice(i + 1).find(later => order.indexOf(later) >= cursor);
    const into = next === undefined ? cursor : order.indexOf(next);
    order.splice(into, 0, place);
    cursor = into + 1;
  }
}

export function mergeWays(ways: readonly Way[]): Merged {
  const order: string[] = [];
  const named = ways.map(way => {
    const forward = numbered(way.places);
    const backward = numbered(way.places.toReversed());
    const gain = agreement(backward, order) - agreement(forward, order);
    const reversed = gain > 0 || (gain === 0 && way.back);
    insert(reversed ? backward : forward, order);
    return reversed ? backward.toReversed() : forward;
  });
  const index = new Map(order.map((place, i) => [place, i]));
  return { order, stops: named.map(places => places.map(place => index.get(place)!)) };
}
