/**
 * What `nft -j list ruleset` prints (1.0 on) → tables. An object that makes no sense is counted and left out; a statement that is not
 * understood is kept as unknown. Tables that iptables wrote hold extensions whose options nft does not print: those are read from
 * iptables-save instead.
 */

import type { Elements } from './elements.ts';
import type { ReadTables } from './iptables-save.ts';
import { isRecord, type Json, listOf, namedElements } from './nft-elements.ts';
import { statementSteps } from './nft-statements.ts';
import { ruleText } from './nft-text.ts';
import type { Chain, ChainHook, HookName, Step, Table } from './ruleset.ts';

const families = new Set(['ip', 'ip6', 'inet']);
const hookNames = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/** `wanted`: tables by "family name" that are read; default: all. */
export function readNftJson(value: unknown, wanted?: ReadonlySet<string>): ReadTables {
  const reader = new Reader(wanted);
  for (const each of isRecord(value) ? listOf(value.nftables) : []) reader.object(each);
  return { tables: reader.tables, malformed: reader.malformed };
}

/** In which order tables were made, by "family name": their handles count up. */
export function tableOrder(value: unknown): Map<string, number> {
  const order = new Map<string, number>();
  for (const each of isRecord(value) ? listOf(value.nftables) : []) {
    const table = isRecord(each) && isRecord(each.table) ? each.table : undefined;
    if (
      typeof table?.family === 'string' &&
      typeof table.name === 'string' &&
      typeof table.handle === 'number'
    )
      order.set(`${table.family} ${table.name}`, table.handle);
  }
  return order;
}

class Reader {
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #tables = new Map<string, Table>();
  /** Named sets and maps of a table: rules may come before them. */
  readonly #sets = new Map<Table, Map<string, Elements>>();
  malformed = 0;

  constructor(wanted: ReadonlySet<string> | undefined) {
    this.#wanted = wanted;
  }

  get tables(): Table[] {
    return [...this.#tables.values()];
  }

  object(each: unknown): void {
    if (!isRecord(each)) {
      this.malformed++;
      return;
    }
    if (isRecord(each.table)) this.#table(each.table);
    else if (isRecord(each.set)) this.#set(each.set);
    else if (isRecord(each.map)) this.#set(each.map);
    else if (isRecord(each.chain)) this.#chain(each.chain);
    else if (isRecord(each.rule)) this.#rule(each.rule);
  }

  #table({ family, name, handle }: Json): void {
    if (typeof family !== 'string' || typeof name !== 'string') this.malformed++;
    else if (families.has(family) && this.#wanted?.has(`${family} ${name}`) !== false)
      this.#tables.set(`${family} ${name}`, {
        family: family as Table['family'],
        name,
        dialect: 'nft',
        chains: new Map(),
        order: typeof handle === 'number' ? handle : 0,
      });
  }

  #of({ family, table }: Json): Table | undefined {
    return this.#tables.get(`${String(family)} ${String(table)}`);
  }

  #set(set: Json): void {
    const table = this.#of(set);
    if (table !== undefined && typeof set.name === 'string') {
      // Rules listed before it hold on to the same object.
      namedElements(set, this.#setOf(table, set.name));
    }
  }

  #setOf(table: Table, name: string): Elements {
    const sets = this.#sets.get(table) ?? new Map<string, Elements>();
    this.#sets.set(table, sets);
    return namedIn(sets, name);
  }

  #chain(chain: Json): void {
    const table = this.#of(chain);
    if (table === undefined || typeof chain.name !== 'string') return;
    const made = chainOf(table, chain.name);
    made.order = typeof chain.handle === 'number' ? chain.handle : 0;
    const hook = hookOf(chain);
    if (hook !== undefined) made.hook = hook;
  }

  #rule(rule: Json): void {
    const table = this.#of(rule);
    if (table === undefined || typeof rule.chain !== 'string') return;
    const statements = listOf(rule.expr);
    const steps: Step[] = [];
    for (const statement of statements)
      steps.push(...statementSteps(statement, table.family, name => this.#setOf(table, name)));
    const text = ruleText(statements);
    const comment = typeof rule.comment === 'string' && rule.comment !== '' ? rule.comment : undefined;
    chainOf(table, rule.chain).rules.push(comment === undefined ? { text, steps } : { text, comment, steps });
  }
}

/** Until it is told what is in it, anything may be. */
function namedIn(sets: Map<string, Elements>, name: string): Elements {
  let set = sets.get(name);
  if (set === undefined) {
    set = namedElements({}, undefined);
    sets.set(name, set);
  }
  return set;
}

function chainOf(table: Table, name: string): Chain {
  let chain = table.chains.get(name);
  if (chain === undefined) {
    chain = { name, table, rules: [], order: 0 };
    table.chains.set(name, chain);
  }
  return chain;
}

function hookOf({ hook, type, prio, policy }: Json): ChainHook | undefined {
  if (typeof hook !== 'string' || !hookNames.has(hook) || typeof prio !== 'number') return undefined;
  return {
    hook: hook as HookName,
    priority: prio,
    type: type === 'nat' || type === 'route' ? type : 'filter',
    policy: policy === 'drop' ? 'drop' : 'accept',
  };
}
