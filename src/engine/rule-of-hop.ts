/** Which rule decided at a hop: the rules of its namespace, walked by what the hops of the packet show. */
import { entryAt } from '../explain/entry.ts';
import type { NetnsView } from '../inventory/netns-view.ts';
import { splitEnd } from '../model/address-port.ts';
import type { Change, RuleRef, RuleStep, RuleTraceRef } from '../model/journey.ts';
import type { TracedVisit } from '../rules/rule-trace.ts';
import type { HookName } from '../rules/ruleset.ts';
import { walk } from '../rules/walk.ts';
import type { Ends, Known, Passed, Way } from '../rules/way.ts';
import { wayWords } from '../rules/words.ts';
import type { HopFacts } from '../words/hop-facts.ts';
import type { RuleBook, RulesAt } from './rule-book.ts';
import { markBefore, packetAt, tupleBefore } from './rule-packet.ts';
import { isDropVisit, isSamePath, tracedRule } from './traced-rule.ts';

/** What the rules were asked about a hop: undefined where nothing of it is theirs. */
export interface RuleAnswer {
  /** Absent: none that was read leads to this, or none has been read. */
  readonly rule?: RuleRef;
  /** Rules were read, and none of them leads to it. */
  readonly isUnexplained?: true;
}

const hooks: readonly HookName[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];

interface Asked {
  readonly hooks: readonly HookName[];
  readonly known: Known;
}

/** `dropHook`: of a drop, if it is known. */
export function ruleOfHop(
  hops: readonly HopFacts[],
  index: number,
  timeNs: number,
  view: NetnsView | undefined,
  book: RuleBook,
  dropHook: string | undefined,
): RuleAnswer | undefined {
  const asked = askedAt(hops, index, dropHook);
  if (asked === undefined) return undefined;
  const { cookie } = hops[index]!.netns;
  const readings = book.at(cookie, timeNs);
  const visits = visitsOf(hops[index]!, cookie, asked.known, book);
  for (const rules of readings) {
    const ways = asked.hooks.flatMap(hook => waysAt(hops, index, hook, asked.known, view, rules));
    const rule = ruleOf(ways, book.kernelNs(rules.readNs), visits);
    if (rule !== undefined) return { rule };
  }
  book.explainsNot(cookie, timeNs);
  const traced = asked.known.kind === 'dropped' && readings.length > 0 ? visits[0] : undefined;
  if (traced !== undefined) return { rule: tracedRule(traced, book.kernelNs(timeNs)) };
  return readings.some(({ ruleset }) => ruleset.tables.length > 0) ? { isUnexplained: true } : {};
}

/** What the kernel told of it where such a thing is decided: of a drop the visit that ended so, of a translation those of nat tables. */
function visitsOf(hop: HopFacts, cookie: string, known: Known, book: RuleBook): readonly TracedVisit[] {
  const tuple = tupleBefore(hop);
  const all = tuple === undefined ? undefined : book.tracesOf(cookie, tuple);
  if (all === undefined) return [];
  const fitting = all.filter(visit => (known.kind === 'dropped') === isDropVisit(visit));
  if (fitting.length === 0) book.untold();
  return fitting;
}

/** Only the first packet of a conversation is shown to rules that translate; conntrack repeats what they decided. */
function askedAt(hops: readonly HopFacts[], index: number, dropHook: string | undefined): Asked | undefined {
  const hop = hops[index]!;
  if (hop.layer === 'drop')
    return hop.verdict?.startsWith('NETFILTER_DROP') === true
      ? {
          hooks: hooks.filter(hook => dropHook === undefined || hook === dropHook),
          known: { kind: 'dropped' },
        }
      : undefined;
  if (hop.layer !== 'netfilter' || !hooks.includes(hop.stage as HookName)) return undefined;
  const nat = hop.changes.find(({ by }) => by === 'dnat' || by === 'snat' || by === 'masquerade');
  if (nat?.to === undefined || entryAt(hops, index)?.state !== 'new') return undefined;
  return { hooks: [hop.stage as HookName], known: knownOf(nat) };
}

function knownOf({ by, to = '' }: Change): Known {
  const { ip, port } = splitEnd(to);
  const ends: Ends = port === undefined ? { ip } : { ip, port };
  return { kind: by === 'dnat' ? 'dnat' : 'snat', to: ends };
}

function waysAt(
  hops: readonly HopFacts[],
  index: number,
  hook: HookName,
  known: Known,
  view: NetnsView | undefined,
  { ruleset }: RulesAt,
): readonly Way[] {
  const packet = packetAt(hops, index, hook, view);
  if (packet === undefined) return [];
  const mark = markBefore(hops, index, hook, view, ruleset);
  const asksNat = entryAt(hops, index)?.state === 'new' || packet.ctState === undefined;
  return walk({
    ruleset,
    hook,
    packet: mark === undefined ? packet : { ...packet, mark },
    known,
    asksNat,
  }).ways;
}

/** The way that needs least to be assumed; several rules that may have decided make it a possible one. */
function ruleOf(ways: readonly Way[], readNs: string, visits: readonly TracedVisit[]): RuleRef | undefined {
  const decided = ways.filter(({ decidedBy }) => decidedBy !== undefined);
  const sorted = decided.toSorted((a, b) => a.unsure.length - b.unsure.length || b.share - a.share);
  // Of several the one that the kernel told of.
  const best = sorted.find(way => traceOf(way, visits)?.kind === 'same') ?? sorted[0];
  const by = best?.decidedBy;
  if (best === undefined || by === undefined) return undefined;
  const trace = traceOf(best, visits);
  const isOnly =
    trace?.kind === 'same' ||
    decided.every(way => way.decidedBy!.rule === by.rule && way.decidedBy!.chain === by.chain);
  const words = wayWords(best);
  const { chain, rule } = by;
  return {
    table: chain.table.name,
    chain: chain.name,
    text: rule?.text ?? `policy ${by.verdict.kind}`,
    ...(rule?.comment === undefined ? {} : { comment: rule.comment }),
    ...(words === undefined ? {} : { words }),
    path: pathTo(best, by),
    basis: isOnly ? 'computed' : 'possible',
    ...(trace === undefined ? {} : { trace }),
    readNs,
  };
}

function traceOf(way: Way, visits: readonly TracedVisit[]): RuleTraceRef | undefined {
  const by = way.decidedBy!;
  const table = by.chain.table;
  if (table.dialect === 'iptables-legacy') return undefined; // of which nft tells nothing
  const own = visits.filter(visit => visit.table === table.name);
  if (own.length === 0) return undefined;
  return own.some(visit => isSamePath(pathTo(way, by), visit))
    ? { kind: 'same' }
    : { kind: 'other', path: own[0]!.met };
}

/** From the base chain that led there. */
function pathTo({ passed }: Way, by: Passed): RuleStep[] {
  const last = passed.indexOf(by);
  let first = last;
  while (
    first > 0 &&
    passed[first - 1]!.chain.table === by.chain.table &&
    passed[first - 1]!.rule !== undefined
  )
    first--;
  return passed.slice(first, last + 1).map(({ chain, rule, verdict }) => ({
    chain: chain.name,
    ...(rule === undefined ? {} : { text: rule.text }),
    verdict:
      verdict.kind === 'jump' || verdict.kind === 'goto' ? `${verdict.kind} ${verdict.chain}` : verdict.kind,
  }));
}
