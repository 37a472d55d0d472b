/**
 * The hops of a journey as chapters: one for each visit of a namespace, gaps where they are, and within a chapter hops that only show the
 * packet once more put together.
 */
import type { AnyJourney, Gap, Hop, RuleRef } from '../../../src/model/journey.ts';
import { slowestSegment } from '../../../src/model/slowest-segment.ts';
import { placeLabels } from '../../../src/words/place-labels.ts';
import type { PlaceColour } from '../../app/palette.ts';

export interface Step {
  readonly hop: Hop;
  /** Since the hop before; undefined for the first. */
  readonly sinceNs: number | undefined;
  /** The longest of all steps of the journey. */
  readonly isSlowest: boolean;
  /** That rewrote or dropped it. */
  readonly rule: RuleRef | undefined;
}

export type Entry =
  | ({ readonly kind: 'hop' } & Step)
  /** Folded: more than one. `key` is the index of its first hop. */
  | { readonly kind: 'repeats'; readonly key: number; readonly steps: readonly Step[] }
  | { readonly kind: 'gap'; readonly gap: Gap };

export interface Chapter {
  /** Index of its first hop; −1 for what is missing before it. */
  readonly key: number;
  readonly label: string;
  /** Of the namespace, where it is called otherwise. */
  readonly netns?: string;
  readonly colour: PlaceColour;
  readonly entries: readonly Entry[];
}

export type KindOfPlace = (cookie: string) => PlaceColour | undefined;

export function chaptersOf(journey: AnyJourney, kindOf: KindOfPlace): Chapter[] {
  const label = placeLabels(journey);
  const slowest = slowestSegment(journey)?.after.index;
  const chapters: { chapter: Omit<Chapter, 'entries'>; cookie: string; entries: Entry[] }[] = [];
  const early = journey.gaps.filter(({ after }) => after < 0);
  for (const [index, hop] of journey.hops.entries()) {
    let last = chapters.at(-1);
    if (last === undefined || last.cookie !== hop.netns.cookie) {
      last = { chapter: headOf(hop, label(hop), kindOf), cookie: hop.netns.cookie, entries: [] };
      if (index === 0) last.entries.push(...early.map(gap => ({ kind: 'gap' as const, gap })));
      chapters.push(last);
    }
    const before = journey.hops[index - 1];
    const sinceNs = before === undefined ? undefined : hop.offsetNs - before.offsetNs;
    const isSlowest = index === slowest && (sinceNs ?? 0) > 0;
    last.entries.push({ kind: 'hop', hop, sinceNs, isSlowest, rule: ruleAt(journey, hop) });
    for (const gap of journey.gaps) if (gap.after === index) last.entries.push({ kind: 'gap', gap });
  }
  return chapters.map(({ chapter, entries }) => ({ ...chapter, entries: folded(entries) }));
}

function ruleAt({ outcome }: AnyJourney, { index, rule }: Hop): RuleRef | undefined {
  return rule ?? (outcome.kind === 'dropped' && outcome.at === index ? outcome.rule : undefined);
}

function headOf(hop: Hop, label: string, kindOf: KindOfPlace): Omit<Chapter, 'entries'> {
  const { name, cookie } = hop.netns;
  return {
    key: hop.index,
    label,
    ...(name === undefined || name === label ? {} : { netns: name }),
    colour: kindOf(cookie) ?? guessed(hop, label),
  };
}

/** Where the inventory does not know the namespace: a recording of another machine. */
function guessed({ node }: Hop, label: string): PlaceColour {
  if (label === node) return node === 'host' ? 'host' : 'node';
  return node === undefined ? 'outside' : 'pod';
}

const isRepeat = (entry: Entry): entry is Extract<Entry, { kind: 'hop' }> =>
  entry.kind === 'hop' && entry.hop.repeats === true;

/** Two or more in a row; one alone takes no more room than what would stand for it. */
function folded(entries: readonly Entry[]): Entry[] {
  const result: Entry[] = [];
  for (let from = 0; from < entries.length; ) {
    let to = from;
    while (to < entries.length && isRepeat(entries[to]!)) to++;
    if (to - from < 2) {
      result.push(entries[from]!);
      from++;
      continue;
    }
    const steps = entries.slice(from, to).filter(isRepeat);
    result.push({ kind: 'repeats', key: steps[0]!.hop.index, steps });
    from = to;
  }
  return result;
}
