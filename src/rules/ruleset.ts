/**
 * The rules of one network namespace as data, whoever wrote them: iptables (in its nft or its legacy form) or nft. Both come to the
 * same few steps; what a reader does not understand is kept as unknown, so that the walk says "may" of it and never guesses.
 */
import type { Elements } from './elements.ts';

/** What a test looks at. Ports of whatever transport; `zone`s, sets of ipset and the like are no field: they are unknown steps. */
export type Field =
  | 'src'
  | 'dst'
  | 'sport'
  | 'dport'
  | 'proto'
  | 'family'
  | 'iif'
  | 'oif'
  | 'mark'
  | 'ct-state'
  | 'ct-status'
  | 'src-type'
  | 'dst-type'
  | 'icmp'
  | 'tcp-flags'
  | 'sender';

/** One value of a packet, or what a mask leaves of it. */
export interface Look {
  readonly field: Field;
  /** Of numbers; of `ct-state` and the like a test is met by any of its values. */
  readonly mask?: number;
}

export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'reject' | 'return' | 'continue' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** A user-space program decides; `bypass`: accepted where none listens. */
  | { readonly kind: 'queue'; readonly queue: string; readonly bypass: boolean }
  /** An extension whose effect is not known. */
  | { readonly kind: 'unknown'; readonly what: string };

export interface NatTarget {
  /** Absent: as it is. First and last of a range are the same for one. */
  readonly ips?: readonly [first: string, last: string];
  readonly ports?: readonly [first: number, last: number];
}

export type NatKind = 'dnat' | 'snat' | 'masquerade' | 'redirect';

export type Step =
  | { readonly kind: 'test'; readonly looks: readonly Look[]; readonly not: boolean; readonly in: Elements }
  /** True by chance: with this probability, if it is known. */
  | { readonly kind: 'chance'; readonly share?: number }
  /** A test that nobody here can make. */
  | { readonly kind: 'may'; readonly what: string }
  /** mark = (mark & keep) ^ flip; without both it is anything afterwards. */
  | { readonly kind: 'mark'; readonly keep?: number; readonly flip?: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** The verdict that belongs to what is looked at; none where it is not in the map. */
  | { readonly kind: 'verdicts'; readonly looks: readonly Look[]; readonly in: Elements }
  /** One of these, by chance or by a hash: all are as likely. */
  | { readonly kind: 'any-verdict'; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'nat'; readonly nat: NatKind; readonly targets: readonly NatTarget[] };

export interface Rule {
  /** As its tool prints it, without counters. */
  readonly text: string;
  readonly comment?: string;
  readonly steps: readonly Step[];
}

export type HookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export interface ChainHook {
  readonly hook: HookName;
  readonly priority: number;
  readonly type: 'filter' | 'nat' | 'route';
  readonly policy: 'accept' | 'drop';
}

export interface Chain {
  readonly name: string;
  readonly table: Table;
  readonly rules: Rule[];
  hook?: ChainHook;
  /** Among chains of one table, in the order in which they were made. */
  order: number;
}

export type Dialect = 'nft' | 'iptables-nft' | 'iptables-legacy';

export interface Table {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly name: string;
  readonly dialect: Dialect;
  readonly chains: Map<string, Chain>;
  /** In the order in which they were made, where it is known. */
  order: number;
}

export interface Ruleset {
  readonly tables: readonly Table[];
}

/**
 * Base chains of a hook in the order in which the kernel asks them: of the same priority, the one that was made last comes first. Those
 * that decide nothing are left out: iptables-save prints some that do not even exist.
 */
export function chainsAt(ruleset: Ruleset, hook: HookName, family: 4 | 6): readonly Chain[] {
  const own = family === 4 ? 'ip' : 'ip6';
  return basesOf(ruleset)
    .filter(({ table }) => table.family === 'inet' || table.family === own)
    .filter(chain => chain.hook!.hook === hook && !isEmpty(chain))
    .sort(
      (a, b) => a.hook!.priority - b.hook!.priority || b.table.order - a.table.order || b.order - a.order,
    );
}

/** A few among tens of thousands: looked for once. */
const bases = new WeakMap<Ruleset, readonly Chain[]>();

function basesOf(ruleset: Ruleset): readonly Chain[] {
  let found = bases.get(ruleset);
  if (found === undefined) {
    found = ruleset.tables
      .flatMap(table => [...table.chains.values()])
      .filter(({ hook }) => hook !== undefined);
    bases.set(ruleset, found);
  }
  return found;
}

const isEmpty = ({ rules, hook }: Chain): boolean => rules.length === 0 && hook?.policy === 'accept';
