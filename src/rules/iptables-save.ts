/**
 * What `iptables-save` and `ip6tables-save` print (1.8, legacy and nft) → tables. Each line by itself: one that makes no sense is counted
 * and left out, and its chain is then unsure.
 */
import { ruleSteps } from './iptables-rule.ts';
import type { Chain, ChainHook, Dialect, HookName, Rule, Table } from './ruleset.ts';

/** include/uapi/linux/netfilter_ipv4.h; nat's destination side comes before the filter, its source side last. */
const priorities: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };
const NAT_DST = -100;
const NAT_SRC = 100;

const hooks: Readonly<Record<string, HookName>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

export interface ReadTables {
  readonly tables: readonly Table[];
  /** Lines that were not understood at all. */
  readonly malformed: number;
}

/** `order`: of tables by "family name", where it is known in which order they were made. */
export function readIptablesSave(
  text: string,
  family: 'ip' | 'ip6',
  dialect: Exclude<Dialect, 'nft'>,
  order: ReadonlyMap<string, number> = new Map(),
): ReadTables {
  const tables: Table[] = [];
  let malformed = 0;
  let table: Table | undefined;
  for (const line of text.split('\n')) {
    const first = line[0];
    if (first === undefined || first === '#' || line === 'COMMIT') continue;
    if (first === '*') {
      const name = line.slice(1).trim();
      table = { family, name, dialect, chains: new Map(), order: order.get(`${family} ${name}`) ?? 0 };
      tables.push(table);
    } else if (table === undefined) malformed++;
    else if (first === ':') declare(table, line);
    else if (!append(table, line)) malformed++;
  }
  return { tables, malformed };
}

/** ":INPUT ACCEPT [0:0]"; chains of one's own have "-" instead of a policy. */
function declare(table: Table, line: string): void {
  const [name = '', policy] = line.slice(1).split(' ');
  const chain = chainOf(table, name);
  const hook = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  if (hook !== undefined && policy !== '-')
    chain.hook = hookOf(table, hook, policy === 'DROP' ? 'drop' : 'accept');
}

function hookOf({ name }: Table, hook: HookName, policy: ChainHook['policy']): ChainHook {
  if (name !== 'nat') return { hook, policy, type: 'filter', priority: priorities[name] ?? 0 };
  const isDst = hook === 'prerouting' || hook === 'output';
  return { hook, policy, type: 'nat', priority: isDst ? NAT_DST : NAT_SRC };
}

function chainOf(table: Table, name: string): Chain {
  let chain = table.chains.get(name);
  if (chain === undefined) {
    chain = { name, table, rules: [], order: table.chains.size };
    table.chains.set(name, chain);
  }
  return chain;
}

function append(table: Table, line: string): boolean {
  // "[12:345] -A …" with -c
  const text = line[0] === '[' ? line.slice(line.indexOf('] ') + 2) : line;
  if (!text.startsWith('-A ')) return false;
  const end = text.indexOf(' ', 3);
  const name = end < 0 ? text.slice(3) : text.slice(3, end);
  if (name === '') return false;
  chainOf(table, name).rules.push(ruleOf(text, end < 0 ? [] : wordsOf(text, end + 1)));
  return true;
}

function ruleOf(text: string, words: readonly string[]): Rule {
  const { steps, comment } = ruleSteps(words);
  return comment === undefined ? { text, steps } : { text, comment, steps };
}

/** Words are parted by blanks; one in quotes may hold blanks, and quotes behind a backslash. */
export function wordsOf(text: string, from = 0): string[] {
  const words: string[] = [];
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 32) continue;
    if (code === 34) {
      const [word, end] = quoted(text, at + 1);
      words.push(word);
      at = end;
      continue;
    }
    let end = text.indexOf(' ', at);
    if (end < 0) end = text.length;
    words.push(text.slice(at, end));
    at = end;
  }
  return words;
}

/** The word, and where its closing quote is. */
function quoted(text: string, from: number): [word: string, end: number] {
  const plain = text.indexOf('"', from);
  if (plain < 0) return [text.slice(from), text.length];
  if (!text.slice(from, plain).includes('\\')) return [text.slice(from, plain), plain];
  let word = '';
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return [word, at];
    if (text[at] === '\\') at++;
    word += text[at] ?? '';
  }
  return [word, text.length];
}
