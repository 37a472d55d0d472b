/**
 * The netfilter hops and drops of journeys against what nft traced (nft-trace.ts): both as text, the k-th alike with the k-th alike.
 * nft's traces bear no time; device, addresses, ports, TTL, length and IP id tell packets apart, and those that are alike in all
 * of it are equal here.
 */
import type { Hop, Journey } from '../../src/model/journey.ts';
import { TARGET } from './fidelity-report.ts';
import { groupBy } from './fidelity-sights.ts';
import { marks, type Passage, type RuleDrop, type RuledPacket, type RuleTraces } from './nft-trace.ts';

const VXLAN_PORT = 8472;
const EXAMPLES = Number(process.env.FIDELITY_EXAMPLES ?? 3);

export interface NftFidelity {
  /** Packets that passed a hook, and those that were dropped there, as nft says. */
  readonly traced: number;
  readonly right: number;
  /** Told by nft alone, by journeys alone. */
  readonly missing: number;
  readonly extra: number;
  /** The same packet at the same hook, told in two ways. */
  readonly contradictions: number;
  readonly rewrites: number;
  readonly drops: number;
  /** Drops by a rule whose journey does not say at which hook. */
  readonly unplaced: number;
  readonly examples: readonly string[];
}

/** One packet at one hook, as one of the two tells it. */
interface Told {
  /** All that is compared, and what must be the same for it to be the same packet there. */
  readonly text: string;
  readonly packet: string;
  readonly drop?: { readonly hook: string | undefined; readonly by?: RuleDrop['by'] };
}

export interface NftCompareOptions {
  /** Cookie → `ip netns` name, of the namespaces whose hooks are watched. */
  readonly netns: ReadonlyMap<string, string>;
}

export function compareRules(
  truth: Pick<RuleTraces, 'passages' | 'drops'>,
  journeys: readonly Journey[],
  options: NftCompareOptions,
): NftFidelity {
  const passages = betweenMarks(truth.passages).filter(({ hook, behind }) => !isFlooded(hook, behind.dst));
  const told = [...passages.map(toldPassage), ...truth.drops.map(toldDrop)];
  const paired = pairUp(told, shownOf(journeys, options), ({ text }) => text);
  const misplaced = paired.pairs.filter(
    ([{ drop }, shown]) => (shown.drop?.hook ?? drop?.hook) !== drop?.hook,
  );
  // What is left of the same packet at the same hook is told in two ways.
  const rest = pairUp(paired.first, paired.second, ({ packet }) => packet);
  const only = (words: string, of: readonly Told[]) =>
    of.slice(0, EXAMPLES).map(({ text, drop }) => `${words}: ${text} ${drop?.hook ?? ''}`);
  return {
    traced: told.length,
    right: paired.pairs.length - misplaced.length,
    missing: rest.first.length,
    extra: rest.second.length,
    contradictions: rest.pairs.length + misplaced.length,
    rewrites: passages.filter(({ before, behind }) => rewriteOf(before, behind) !== '').length,
    drops: truth.drops.length,
    unplaced: paired.pairs.filter(
      ([{ drop }, shown]) => drop?.by === 'rule' && shown.drop?.hook === undefined,
    ).length,
    examples: [
      ...only('only nft', paired.first),
      ...only('only in a journey', paired.second),
      ...misplaced
        .slice(0, EXAMPLES)
        .map(([{ text, drop }, shown]) => `${text} ${drop?.hook}, not ${shown.drop?.hook}`),
    ],
  };
}

interface Paired {
  readonly pairs: readonly (readonly [Told, Told])[];
  /** What is left of each. */
  readonly first: readonly Told[];
  readonly second: readonly Told[];
}

/** The k-th of a key with the k-th of the same key. */
function pairUp(first: readonly Told[], second: readonly Told[], key: (told: Told) => string): Paired {
  const others = groupBy(second, key);
  const pairs: [Told, Told][] = [];
  const alone: Told[] = [];
  for (const told of first) {
    const other = others.get(key(told))?.shift();
    if (other === undefined) alone.push(told);
    else pairs.push([told, other]);
  }
  return { pairs, first: alone, second: [...others.values()].flat() };
}

const isMark = (src: string, dst: string, mark: string): boolean => src === mark || dst === mark;

/** In each namespace, what its kernel told behind the mark of the beginning and before that of the end. */
function betweenMarks(all: readonly Passage[]): Passage[] {
  return [...groupBy(all, ({ netns }) => netns).values()].flatMap(passages => {
    const at = passages.map(({ behind }) => behind);
    const from = at.findLastIndex(({ src, dst }) => isMark(src, dst, marks.begin));
    const to = at.findIndex(({ src, dst }) => isMark(src, dst, marks.end));
    if (from < 0 || to < 0) throw new Error('the marks are not in the traces');
    return passages.slice(from + 1, to);
  });
}

function shownOf(journeys: readonly Journey[], { netns }: NftCompareOptions): Told[] {
  const hops = journeys.flatMap(journey =>
    journey.hops.flatMap(hop => {
      const name = netns.get(hop.netns.cookie);
      const timeNs = BigInt(journey.startNs) + BigInt(hop.offsetNs);
      return name === undefined || hop.tuple === undefined ? [] : [{ journey, hop, name, timeNs }];
    }),
  );
  return [...groupBy(hops, ({ name }) => name).values()].flatMap(here => {
    here.sort((a, b) => Number(a.timeNs - b.timeNs));
    const isOf = (mark: string) => (at: { readonly hop: Hop }) =>
      isMark(at.hop.tuple!.src, at.hop.tuple!.dst, mark);
    const fromNs = here.findLast(isOf(marks.begin))?.timeNs;
    const toNs = here.find(isOf(marks.end))?.timeNs;
    if (fromNs === undefined || toNs === undefined) throw new Error('the marks are in no journey');
    return here
      .filter(({ timeNs }) => timeNs > fromNs && timeNs < toNs)
      .flatMap(({ journey, hop, name }) => {
        if (hop.hook?.startsWith('NF_INET_') === true)
          return isFlooded(hop.stage, hop.tuple!.dst) ? [] : shownPassage(name, journey, hop);
        const { outcome } = journey;
        if (outcome.kind !== 'dropped' || outcome.at !== hop.index || outcome.reason !== 'NETFILTER_DROP')
          return [];
        return { ...told(`${name} drop`, packetAt(journey, hop), ''), drop: { hook: outcome.hook } };
      });
  });
}

/**
 * The copies that a bridge makes of a neighbour's question pass FORWARD and POSTROUTING before any device has shown them: the tracer does
 * not know them yet, so nothing is said of them there.
 */
function isFlooded(hook: string, dst: string): boolean {
  return dst.startsWith('ff02:') && (hook === 'forward' || hook === 'postrouting');
}

function rewriteOf(before: RuledPacket, behind: RuledPacket): string {
  const end = (ip: string, port: number | undefined) => {
    if (port === undefined) return ip;
    return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
  };
  const changes = [
    ['dst', end(before.dst, before.dport), end(behind.dst, behind.dport)],
    ['src', end(before.src, before.sport), end(behind.src, behind.sport)],
  ] as const;
  return changes.flatMap(([field, from, to]) => (from === to ? [] : ` ${field} ${from} → ${to}`)).join('');
}

function toldPassage({ netns, hook, before, behind }: Passage): Told {
  return told(`${netns} ${hook} ${behind.dev}`, behind, rewriteOf(before, behind));
}

function toldDrop({ netns, hook, by, packet }: RuleDrop): Told {
  return { ...told(`${netns} drop`, packet, ''), drop: { hook, by } };
}

function shownPassage(netns: string, journey: Journey, hop: Hop): Told {
  const rewrites = hop.changes.filter(({ field }) => field === 'dst' || field === 'src');
  const what = rewrites.map(({ field, from, to }) => ` ${field} ${from} → ${to}`).join('');
  return told(`${netns} ${hop.stage} ${hop.dev}`, packetAt(journey, hop), what);
}

/** A hop tells TTL and IP id of the innermost packet: those of a tunnel's own are not compared. */
function packetAt(journey: Journey, hop: Hop): Omit<RuledPacket, 'dev'> {
  const { proto, src, sport, dst, dport, type, code } = hop.tuple!;
  return {
    ...{ proto, src, dst },
    ...(sport === undefined || dport === undefined ? {} : { sport, dport }),
    ...(type === undefined || code === undefined ? {} : { icmp: { type, code } }),
    ttl: hop.ttl ?? -1,
    id: journey.packet.ipId ?? journey.packet.flowLabel ?? -1,
    lenBytes: hop.lenBytes ?? -1,
  };
}

function told(place: string, packet: Omit<RuledPacket, 'dev'>, what: string): Told {
  const { proto, src, sport = '', dst, dport = '', icmp, ttl, id, lenBytes } = packet;
  const own = dport === VXLAN_PORT ? '' : `ttl ${ttl} id ${id}`;
  const ends = `${src}:${sport} > ${dst}:${dport}${icmp === undefined ? '' : ` ${icmp.type}/${icmp.code}`}`;
  return {
    text: `${place} ${proto} ${ends} ${own} length ${lenBytes}${what}`,
    packet: `${place} ${proto} ${own} length ${lenBytes}`,
  };
}

function shareOf({ right, traced }: NftFidelity): number {
  return traced === 0 ? 0 : right / traced;
}

/** One line, `name value unit …`. */
export function nftLine(name: string, f: NftFidelity): string {
  const number = (n: number) => n.toLocaleString('en');
  const percent = (shareOf(f) * 100).toFixed(shareOf(f) === 1 ? 0 : 3);
  const kinds = `${number(f.rewrites)} rewrites, ${number(f.drops)} drops, ${number(f.unplaced)} of them at no hook`;
  const mistakes = `${number(f.missing)} missing, ${number(f.extra)} extra, ${number(f.contradictions)} contradictions`;
  return `fidelity.nft_${name} ${percent} % of ${number(f.traced)} packets at hooks as nft traced them (${kinds}): ${mistakes}`;
}

/** What must not be, in words; empty = the run is good. */
export function nftFailures(f: NftFidelity): string[] {
  const found: string[] = [];
  if (f.traced < 1_000 || f.rewrites < 100 || f.drops < 2)
    found.push(
      `only ${f.traced} packets at hooks, ${f.rewrites} rewrites, ${f.drops} drops: that proves nothing`,
    );
  if (shareOf(f) < TARGET) found.push(`only ${f.right} of ${f.traced} are right`);
  if (f.extra > f.traced * (1 - TARGET)) found.push(`${f.extra} that nft did not see`);
  if (f.contradictions > 0) found.push(`${f.contradictions} contradictions`);
  if (f.unplaced > 0) found.push(`${f.unplaced} drops by a rule of no hook`);
  return found.length === 0 ? found : [...found, ...f.examples];
}
