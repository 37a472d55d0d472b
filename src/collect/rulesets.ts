/**
 * Reads the rules of network namespaces with the tools of this host: `nft` for what it can tell, `iptables-save` for tables that hold
 * extensions of iptables. Nothing is changed, and no table comes to be by looking: legacy tables are asked for only where there are some.
 *
 * Never more than one reading of a namespace at a time, and a costly one rarely: it may take a twentieth of the time.
 */
import { statSync } from 'node:fs';
import { execa } from 'execa';
import type { NetnsSnapshot } from '../model/inventory.ts';
import type { RulesetSnapshot, RulesSource } from '../model/ruleset-snapshot.ts';

const REST_MS = 200;
const REST_SHARE = 20;
const PATIENCE_MS = 10_000;
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

export interface RulesetReaderOptions {
  readonly netns: (cookie: string) => NetnsSnapshot | undefined;
  readonly onRead: (rules: RulesetSnapshot) => void;
}

interface State {
  work: Promise<void> | undefined;
  /** Not before; performance.now(). */
  restUntil: number;
  /** Asked for while it rested. */
  timer: NodeJS.Timeout | undefined;
  last: string | undefined;
}

export class RulesetReader {
  readonly #options: RulesetReaderOptions;
  readonly #states = new Map<string, State>();
  #isStopped = false;

  constructor(options: RulesetReaderOptions) {
    this.#options = options;
  }

  want(cookie: string): void {
    const state = this.#states.get(cookie) ?? {
      work: undefined,
      restUntil: 0,
      timer: undefined,
      last: undefined,
    };
    this.#states.set(cookie, state);
    if (this.#isStopped || state.timer !== undefined || state.work !== undefined) return;
    const waitMs = state.restUntil - performance.now();
    if (waitMs <= 0) {
      this.#begin(cookie, state);
      return;
    }
    state.timer = setTimeout(() => {
      state.timer = undefined;
      this.#begin(cookie, state);
    }, waitMs);
  }

  /** Resolves when what is being read has been read. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { timer } of this.#states.values()) clearTimeout(timer);
    await Promise.all([...this.#states.values()].map(({ work }) => work));
  }

  #begin(cookie: string, state: State): void {
    const netns = this.#options.netns(cookie);
    if (netns === undefined) {
      const timeNs = String(process.hrtime.bigint());
      this.#options.onRead({ cookie, timeNs, sources: [], failed: 'this namespace is not known' });
      return;
    }
    const startedMs = performance.now();
    state.work = readRuleset(netns).then(rules => {
      const tookMs = performance.now() - startedMs;
      state.restUntil = performance.now() + Math.max(REST_MS, REST_SHARE * tookMs);
      state.work = undefined;
      this.#options.onRead(this.#news(rules, state));
    });
  }

  /** Without its content where that is what it was. */
  #news(rules: RulesetSnapshot, state: State): RulesetSnapshot {
    const text = JSON.stringify(rules.sources);
    if (text !== state.last) {
      state.last = text;
      return rules;
    }
    const { sources: _, ...same } = rules;
    return same;
  }
}

type Into = readonly string[];

/** `failed` says what could not be read; it never throws. */
export async function readRuleset(netns: NetnsSnapshot): Promise<RulesetSnapshot> {
  const timeNs = String(process.hrtime.bigint());
  const into = wayInto(netns);
  if (into === undefined)
    return { cookie: netns.cookie, timeNs, sources: [], failed: 'there is no way into this namespace' };
  const failed: string[] = [];
  const run = async (argv: readonly string[]): Promise<string> => {
    try {
      const [file = '', ...args] = [...into, ...argv];
      return (
        await execa(file, args, { env, stdin: 'ignore', timeout: PATIENCE_MS, maxBuffer: 256 * 1024 * 1024 })
      ).stdout;
    } catch (error) {
      failed.push(
        `${argv.join(' ')}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
      );
      return '';
    }
  };
  const [nft, legacy] = await Promise.all([nftSources(run), legacySources(run)]);
  return {
    cookie: netns.cookie,
    timeNs,
    sources: [...nft, ...legacy],
    ...(failed.length === 0 ? {} : { failed: failed.join('; ') }),
  };
}

type Run = (argv: readonly string[]) => Promise<string>;

/** The ones that iptables makes; it prints them only as far as it understands all that is in them. */
const ofIptables = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);

async function nftSources(run: Run): Promise<RulesSource[]> {
  const tables = jsonOf(await run(['nft', '-j', 'list', 'tables']));
  const names = tableNames(tables);
  const families = (['ip', 'ip6'] as const).filter(family =>
    names.some(table => table.family === family && ofIptables.has(table.name)),
  );
  const saved = await Promise.all(
    families.map(async (family): Promise<RulesSource> => {
      const text = await run([`${family === 'ip' ? 'iptables' : 'ip6tables'}-nft-save`]);
      return { kind: 'iptables-save', family, dialect: 'iptables-nft', text: withoutTimes(text) };
    }),
  );
  const known = new Set(saved.flatMap(savedTables));
  const others = names.filter(({ family, name }) => !known.has(`${family} ${name}`));
  const listed = await Promise.all(
    others.map(({ family, name }) => run(['nft', '-j', 'list', 'table', family, name])),
  );
  return [
    ...saved,
    { kind: 'nft', listed: tables },
    ...listed.map((text): RulesSource => ({ kind: 'nft', listed: withoutCounters(jsonOf(text)) })),
  ];
}

/** Of what was printed; a table that iptables does not understand is only named in a comment. */
function savedTables(source: RulesSource): string[] {
  if (source.kind !== 'iptables-save') return [];
  return [...source.text.matchAll(/^\*(\w+)$/gm)].map(([, name]) => `${source.family} ${name}`);
}

async function legacySources(run: Run): Promise<RulesSource[]> {
  const sources: RulesSource[] = [];
  for (const family of ['ip', 'ip6'] as const) {
    const file = `/proc/net/${family === 'ip' ? 'ip' : 'ip6'}_tables_names`;
    const names = await run(['sh', '-c', `cat ${file} 2>/dev/null || true`]);
    if (names.trim() === '') continue;
    const text = await run([`${family === 'ip' ? 'iptables' : 'ip6tables'}-legacy-save`]);
    sources.push({ kind: 'iptables-save', family, dialect: 'iptables-legacy', text: withoutTimes(text) });
  }
  return sources;
}

/** What differs from reading to reading, and is no rule. */
function withoutTimes(saved: string): string {
  return saved.replace(/^#.*\n/gm, '').replace(/ \[\d+:\d+\]$/gm, ' [0:0]');
}

function withoutCounters(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) =>
    key === 'packets' || key === 'bytes' ? 0 : each,
  ) as unknown;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { nftables: [] };
  }
}

function tableNames(tables: unknown): { family: string; name: string }[] {
  const list = (tables as { nftables?: unknown[] }).nftables ?? [];
  return list.flatMap(each => {
    const table = (each as { table?: { family?: unknown; name?: unknown } }).table;
    const { family, name } = table ?? {};
    const isOurs = typeof name === 'string' && ['ip', 'ip6', 'inet'].includes(String(family));
    return isOurs ? [{ family: String(family), name }] : [];
  });
}

/** A name or a process may lead elsewhere by now: the inode tells. Docker's names lie below a directory of its own. */
export function wayInto({ own, names, processes, inode }: NetnsSnapshot): Into | undefined {
  if (own) return [];
  const paths = [
    ...names.map(name => `${/^[0-9a-f]{12}$/.test(name) ? '/run/docker/netns' : '/run/netns'}/${name}`),
    ...processes.map(({ pid }) => `/proc/${pid}/ns/net`),
  ];
  const path = paths.find(each => inodeOf(each) === inode);
  return path === undefined ? undefined : ['nsenter', `--net=${path}`];
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
