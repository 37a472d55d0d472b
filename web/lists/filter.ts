/**
 * The filter box: words that all have to fit, each anywhere in what is known of a packet, or in one thing: `pod:`, `svc:`, `node:`, `ns:`,
 * `ip:`, `port:`, `proto:`, `outcome:`, `state:`. A minus before a word turns it round.
 */
import type { Flow } from '../../src/model/flow.ts';
import type { AnyJourney, Endpoint, Tuple } from '../../src/model/journey.ts';

export const filterKeys = ['pod', 'svc', 'node', 'ns', 'ip', 'port', 'proto', 'outcome', 'state'] as const;
export type FilterKey = (typeof filterKeys)[number];

export interface Term {
  /** Absent: anywhere. */
  readonly key?: FilterKey;
  readonly value: string;
  readonly isNot: boolean;
}

const aliases: Readonly<Record<string, FilterKey>> = {
  service: 'svc',
  namespace: 'ns',
  addr: 'ip',
  address: 'ip',
  protocol: 'proto',
};

export function parseFilter(text: string): readonly Term[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '' && word !== '-')
    .map(termOf)
    .filter(({ value }) => value !== '');
}

function termOf(word: string): Term {
  const isNot = word.startsWith('-');
  const rest = isNot ? word.slice(1) : word;
  const colon = rest.indexOf(':');
  const name = rest.slice(0, Math.max(0, colon));
  const key = aliases[name] ?? filterKeys.find(each => each === name);
  if (key === undefined) return { value: rest, isNot };
  return { key, value: rest.slice(colon + 1), isNot };
}

/** What a term is held against; all in small letters. */
interface Facts {
  readonly text: string;
  readonly by: Readonly<Record<FilterKey, ReadonlySet<string>>>;
}

/** Numbers and closed words have to be whole, names may be a part. */
const isWhole: ReadonlySet<FilterKey> = new Set(['port', 'proto', 'outcome', 'state']);

function fits({ text, by }: Facts, { key, value, isNot }: Term): boolean {
  return has() !== isNot;
  function has(): boolean {
    if (key === undefined) return text.includes(value);
    if (isWhole.has(key)) return by[key].has(value);
    return [...by[key]].some(each => each.includes(value));
  }
}

const journeyFacts = new WeakMap<object, Facts>();
const flowFacts = new WeakMap<object, Facts>();

/** `stateOf`: of the flow with this id. */
export function fitsJourney(
  journey: AnyJourney,
  terms: readonly Term[],
  stateOf: (flow: string) => string | undefined,
): boolean {
  if (terms.length === 0) return true;
  let facts = journeyFacts.get(journey);
  if (facts === undefined) {
    facts = factsOfJourney(journey);
    journeyFacts.set(journey, facts);
  }
  // The state is the flow's, and changes without the journey.
  const state = journey.flow === undefined ? undefined : stateOf(journey.flow);
  const known = { ...facts, by: { ...facts.by, state: new Set(state === undefined ? [] : [state]) } };
  return terms.every(term => fits(known, term));
}

/** Of outcomes a flow knows how many were dropped and lost: it is not judged by the others. */
export function fitsFlow(flow: Flow, terms: readonly Term[]): boolean {
  if (terms.length === 0) return true;
  let facts = flowFacts.get(flow);
  if (facts === undefined) {
    facts = factsOfFlow(flow);
    flowFacts.set(flow, facts);
  }
  const known = facts;
  return terms.every(term =>
    term.key === 'outcome' && term.value !== 'dropped' && term.value !== 'lost' ? true : fits(known, term),
  );
}

function factsOfJourney(journey: AnyJourney): Facts {
  const { id, from, to, backend, service, proto, summary, outcome, hops, packet, addressed } = journey;
  const ends = [from, to, backend, service].filter(end => end !== undefined);
  const tuples = hops.flatMap(({ tuple, inner }) => [tuple, inner].filter(each => each !== undefined));
  const drop = outcome.kind === 'dropped' ? [outcome.reason, outcome.location] : [];
  const places = hops.flatMap(({ node, dev, netns }) => [node, dev, netns.name]);
  const words = [`#${id}`, summary, packet.dns?.query, addressed?.ip, ...drop, ...places];
  return facts(ends, tuples, proto, [outcome.kind], [], words, hops);
}

function factsOfFlow(flow: Flow): Facts {
  const { id, from, to, backend, service, proto, orig, reply, state, blame, dropped, lost } = flow;
  const ends = [from, to, backend, service].filter(end => end !== undefined);
  const tuples = [orig, reply].filter(each => each !== undefined);
  const outcomes = [...(dropped > 0 ? ['dropped'] : []), ...(lost > 0 ? ['lost'] : [])];
  return facts(ends, tuples, proto, outcomes, [state], [`#${id}`, blame?.text], []);
}

function facts(
  ends: readonly Endpoint[],
  tuples: readonly Tuple[],
  proto: string,
  outcomes: readonly string[],
  states: readonly string[],
  words: readonly (string | undefined)[],
  hops: readonly { readonly node?: string }[],
): Facts {
  const set = (values: readonly (string | number | undefined)[]): ReadonlySet<string> =>
    new Set(values.filter(value => value !== undefined).map(value => String(value).toLowerCase()));
  const named = (kind: Endpoint['kind']) => ends.filter(end => end.kind === kind).map(({ name }) => name);
  const by = {
    pod: set(named('pod')),
    svc: set(named('service')),
    node: set([...named('node'), ...ends.map(({ node }) => node), ...hops.map(({ node }) => node)]),
    ns: set(ends.map(({ namespace }) => namespace)),
    ip: set([...ends.map(({ ip }) => ip), ...tuples.flatMap(({ src, dst }) => [src, dst])]),
    port: set([...ends.map(({ port }) => port), ...tuples.flatMap(({ sport, dport }) => [sport, dport])]),
    proto: set([proto]),
    outcome: set(outcomes),
    state: set(states),
  };
  const comms = ends.map(({ process }) => process?.comm);
  const all = [...Object.values(by).flatMap(values => [...values]), ...set([...words, ...comms])];
  return { text: all.join('\n'), by };
}
