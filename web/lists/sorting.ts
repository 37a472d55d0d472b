import type { Flow } from '../../src/model/flow.ts';
import type { AnyJourney } from '../../src/model/journey.ts';

export interface SortKey<T> {
  readonly name: string;
  readonly label: string;
  /** The largest first; undefined: by birth, newest first. */
  readonly of?: (item: T) => number;
}

const states: readonly Flow['state'][] = [
  'dropped',
  'refused',
  'unanswered',
  'reset',
  'open',
  'answered',
  'closed',
];
const outcomes = ['dropped', 'lost', 'open', 'consumed', 'continued', 'transmitted', 'delivered'];

const total = ({ request, reply, related }: Flow['packets']): number => request + reply + related;

export const flowSorts: readonly SortKey<Flow>[] = [
  { name: 'newest', label: 'newest first' },
  { name: 'trouble', label: 'trouble first', of: ({ state }) => states.length - states.indexOf(state) },
  { name: 'packets', label: 'most packets', of: ({ packets }) => total(packets) },
  { name: 'bytes', label: 'most bytes', of: ({ bytes }) => total(bytes) },
  { name: 'retransmits', label: 'most sent again', of: ({ retransmits }) => retransmits },
  { name: 'drops', label: 'most dropped', of: ({ dropped }) => dropped },
  { name: 'p50', label: 'slowest, p50', of: ({ latencyNs }) => latencyNs?.p50 ?? -1 },
  { name: 'p99', label: 'slowest, p99', of: ({ latencyNs }) => latencyNs?.p99 ?? -1 },
];

export const journeySorts: readonly SortKey<AnyJourney>[] = [
  { name: 'newest', label: 'newest first' },
  {
    name: 'trouble',
    label: 'trouble first',
    of: ({ outcome }) => outcomes.length - outcomes.indexOf(outcome.kind),
  },
  { name: 'slowest', label: 'slowest first', of: ({ durationNs }) => durationNs },
  { name: 'largest', label: 'largest first', of: ({ lenBytes }) => lenBytes },
  { name: 'hops', label: 'most hops', of: ({ hops }) => hops.length },
];

/** `items` in order of birth. Of equals the newest is first. */
export function sortedIds<T extends { readonly id: string }>(
  items: readonly T[],
  { of }: SortKey<T>,
): readonly string[] {
  const newestFirst = items.toReversed();
  if (of === undefined) return newestFirst.map(({ id }) => id);
  const keyed = newestFirst.map(item => ({ id: item.id, key: of(item) }));
  return keyed.sort((a, b) => b.key - a.key).map(({ id }) => id);
}
