/**
 * `nft monitor trace` of what is followed, in the namespaces that forward on its way: a table of ours with a rule a direction, which
 * sets the trace mark of packets between the two sides and nothing else.
 *
 * A shell beside us, in a session of its own, waits for its stdin to end and then removes the table: however we end, SIGKILL included,
 * that is when the kernel closes our end of the pipe. (`flags owner` would do without, but nft 1.0.6 corrupts its memory when it lists
 * such a table as JSON, also for others on this host.)
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import type { NetnsSnapshot } from '../model/inventory.ts';
import { wayInto } from './rulesets.ts';
import type { WatchRule, WatchSide } from './watch.ts';

const PATIENCE_MS = 5000;
const LOOK_MS = 10;
/** Of a namespace: a netlink socket that is flooded loses traces, and each costs the packet some microseconds. */
const PER_SECOND = 500;
const TABLE = `tracer_${process.pid}`;
const NETLINK_NETFILTER = 12;
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

export interface RuleTracesOptions {
  /** Whole lines that nft printed. */
  readonly onTraced: (cookie: string, text: string) => void;
  /** Where it cannot be done. */
  readonly onFailure: (text: string) => void;
}

/** Statements that match what is followed; empty: it has no addresses to tell it by. */
export function traceMatches(rules: readonly WatchRule[]): string[] {
  const both = rules.flatMap(({ a, b }) => [...matchesOf(a, b), ...matchesOf(b, a)]);
  return [...new Set(both)];
}

function matchesOf(from: WatchSide, to: WatchSide): string[] {
  return ([4, 6] as const).flatMap(family => {
    const ends = [sideMatch(from, 'saddr', family), sideMatch(to, 'daddr', family)];
    return ends.includes(undefined) || ends.join('') === '' ? [] : [ends.join(' ').trim()];
  });
}

/** "" matches all; undefined: it has no address of this family. */
function sideMatch({ any, ips = [] }: WatchSide, field: string, family: 4 | 6): string | undefined {
  if (any === true) return '';
  const own = ips.filter(ip => ip.includes(':') === (family === 6));
  return own.length === 0 ? undefined : `${family === 4 ? 'ip' : 'ip6'} ${field} { ${own.join(', ')} }`;
}

export class RuleTraces {
  readonly #options: RuleTracesOptions;
  readonly #places = new Map<string, Traced>();
  #isStopped = false;

  constructor(options: RuleTracesOptions) {
    this.#options = options;
  }

  /** Resolves when these are traced, and no others. */
  async want(places: readonly NetnsSnapshot[], matches: readonly string[]): Promise<void> {
    const cookies = new Set(places.map(({ cookie }) => cookie));
    const gone = [...this.#places].filter(
      ([cookie, { text }]) => !cookies.has(cookie) || text !== tableText(matches),
    );
    await Promise.all(gone.map(([cookie]) => this.#end(cookie)));
    const fresh = places.filter(({ cookie }) => !this.#places.has(cookie));
    await Promise.all(fresh.map(place => this.#begin(place, matches)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#places.keys()].map(cookie => this.#end(cookie)));
  }

  async #begin(place: NetnsSnapshot, matches: readonly string[]): Promise<void> {
    const into = wayInto(place);
    if (into === undefined || matches.length === 0 || this.#isStopped) return;
    const traced = new Traced(into, tableText(matches), text => this.#options.onTraced(place.cookie, text));
    this.#places.set(place.cookie, traced);
    try {
      await traced.begun();
    } catch (error) {
      await this.#end(place.cookie);
      this.#options.onFailure(error instanceof Error ? error.message : String(error));
    }
  }

  async #end(cookie: string): Promise<void> {
    const traced = this.#places.get(cookie);
    this.#places.delete(cookie);
    await traced?.end();
  }
}

/** Before every rule but the putting together of fragments (-400). */
function tableText(matches: readonly string[]): string {
  const chains = ['prerouting', 'output'].map(
    hook => `add chain inet ${TABLE} ${hook} { type filter hook ${hook} priority -399; }`,
  );
  const rules = ['prerouting', 'output'].flatMap(hook =>
    matches.map(
      match => `add rule inet ${TABLE} ${hook} ${match} limit rate ${PER_SECOND}/second meta nftrace set 1`,
    ),
  );
  return [`add table inet ${TABLE}`, ...chains, ...rules, ''].join('\n');
}

/** Signals are for us, who may still have something to print. */
const guard = `trap '' HUP INT TERM; cat >/dev/null; exec nft delete table inet ${TABLE}`;

class Traced {
  readonly text: string;
  readonly #into: readonly string[];
  readonly #guard;
  readonly #monitor;

  constructor(into: readonly string[], text: string, onText: (text: string) => void) {
    this.#into = into;
    this.text = text;
    const options = { env, reject: false, buffer: false, stderr: 'ignore' } as const;
    const [first = 'sh', ...rest] = [...into, 'sh', '-c', guard];
    this.#guard = execa(first, rest, { ...options, stdin: 'pipe', stdout: 'ignore', detached: true });
    this.#guard.stdin.on('error', () => {}); // where it could not be started `begun` tells
    // It has no stdin to end with: the kernel ends it with us.
    const argv = ['--pdeathsig', 'KILL', ...into, 'nft', '-nn', 'monitor', 'trace'];
    this.#monitor = execa('setpriv', argv, { ...options, stdin: 'ignore' });
    let rests = '';
    this.#monitor.stdout.on('data', chunk => {
      const whole = rests + String(chunk);
      const end = whole.lastIndexOf('\n') + 1;
      rests = whole.slice(end);
      if (end > 0) onText(whole.slice(0, end));
    });
  }

  /** @throws where the table is refused, or nft does not listen. */
  async begun(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!this.#listens()) {
      if (performance.now() > deadline) throw new Error('nft monitor trace does not start');
      await wait(LOOK_MS);
    }
    const [first = 'nft', ...rest] = [...this.#into, 'nft', '-f', '-'];
    await execa(first, rest, { env, input: this.text });
  }

  /** Resolves when the table is gone. */
  async end(): Promise<void> {
    this.#guard.stdin.end();
    this.#monitor.kill('SIGKILL');
    await Promise.all([this.#guard, this.#monitor]);
  }

  /** Is it in the group of traces? By its own view of its namespace. */
  #listens(): boolean {
    const { pid } = this.#monitor;
    try {
      return readFileSync(`/proc/${pid}/net/netlink`, 'utf8')
        .split('\n')
        .map(line => line.trim().split(/\s+/))
        .some(
          ([, kind, port, groups]) =>
            Number(kind) === NETLINK_NETFILTER && Number(port) === pid && Number(`0x${groups}`) !== 0,
        );
    } catch {
      return false;
    }
  }
}
