/**
 * `nft monitor trace` in the namespaces that translate and filter, as ground truth for hooks, rewrites and verdicts.
 *
 * A table of the test's own marks all packets before any other rule (but behind the putting together of fragments) and looks
 * again behind the rules of each hook, one priority after the tracer's link there (bpf/collector/hooks.c). What the two looks of one
 * hook differ in is what the rules rewrote; where there is no second look, the packet was dropped. nft prints what a packet is at each chain, and each rule that decided. The two looks of one hook bear the same trace id; between
 * hooks, and between packets, the id tells nothing (it is made of the sk_buff's address).
 */
import { execa } from 'execa';
import { groupBy } from './fidelity-sights.ts';

const TABLE = 'tracer_truth';
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const WAIT_MS = 10_000;
/** Pings to itself whose traces tell where in the output of a namespace a moment is. */
export const marks = { ready: '127.9.9.1', begin: '127.9.9.2', end: '127.9.9.3' } as const;

/** One after the tracer's: -99 behind DNAT, 1 behind the filter, 101 behind filter and SNAT. */
const behind = { prerouting: -98, input: 102, forward: 2, output: -98, postrouting: 102 } as const;
export type RuleHook = keyof typeof behind;
const hooks = Object.keys(behind) as RuleHook[];

const ruleset = [
  `table inet ${TABLE} {`,
  ...hooks.flatMap(hook => [
    `chain before_${hook} { type filter hook ${hook} priority -399; meta nftrace set 1; }`,
    `chain behind_${hook} { type filter hook ${hook} priority ${behind[hook]}; counter meta nftrace set 1; }`,
  ]),
  '}',
].join('\n');

/** A packet at a chain, from its `packet:` line. */
export interface RuledPacket {
  /** In prerouting, input and forward the device that it came in by, else the one that it leaves by. */
  readonly dev: string;
  readonly proto: string;
  readonly src: string;
  readonly sport?: number;
  readonly dst: string;
  readonly dport?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly ttl: number;
  /** IPv6: the flow label. */
  readonly id: number;
  readonly lenBytes: number;
}

/** A packet that passed the rules of a hook. */
export interface Passage {
  readonly netns: string;
  readonly hook: RuleHook;
  readonly before: RuledPacket;
  readonly behind: RuledPacket;
}

export interface RuleDrop {
  /** A rule that dropped or rejected it; else the kernel's own code at that hook, as NAT does with ICMP redirects. */
  readonly by: 'rule' | 'kernel';
  readonly netns: string;
  readonly hook: RuleHook;
  readonly packet: RuledPacket;
}

export interface RuleTraces {
  readonly passages: readonly Passage[];
  readonly drops: readonly RuleDrop[];
  /** What nft did not tell, in words: makes the comparison worthless. */
  readonly lost: readonly string[];
}

export class RuleTrace {
  readonly #monitors: readonly Monitor[];

  private constructor(monitors: readonly Monitor[]) {
    this.#monitors = monitors;
  }

  /** Resolves when every monitor has told of a packet, and after it of the one that marks the beginning. */
  static async start(namespaces: readonly string[]): Promise<RuleTrace> {
    const trace = new RuleTrace(namespaces.map(netns => new Monitor(netns)));
    try {
      await Promise.all(trace.#monitors.map(monitor => monitor.start()));
    } catch (error) {
      await trace.abort();
      throw error;
    }
    return trace;
  }

  async finish(): Promise<RuleTraces> {
    try {
      const all = await Promise.all(this.#monitors.map(monitor => monitor.finish()));
      return {
        passages: all.flatMap(({ passages }) => passages),
        drops: all.flatMap(({ drops }) => drops),
        lost: all.flatMap(({ lost }) => lost),
      };
    } finally {
      await this.abort();
    }
  }

  /** What nft printed, by namespace. */
  get texts(): ReadonlyMap<string, string> {
    return new Map(this.#monitors.map(({ netns, text }) => [netns, text]));
  }

  async abort(): Promise<void> {
    await Promise.all(this.#monitors.map(monitor => monitor.abort()));
  }
}

function startMonitor(netns: string) {
  const argv = [`--net=/run/netns/${netns}`, '--', 'nft', '-nn', 'monitor', 'trace'];
  return execa('nsenter', argv, { stdin: 'ignore', stderr: 'ignore', buffer: false, reject: false, env });
}

class Monitor {
  readonly #netns: string;
  #output = '';
  #child: ReturnType<typeof startMonitor> | undefined;
  /** By chain: what passed before the monitor listened. */
  #unheard: ReadonlyMap<string, number> = new Map();

  constructor(netns: string) {
    this.#netns = netns;
  }

  get netns(): string {
    return this.#netns;
  }

  get text(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    await this.#nft(['-f', '-'], ruleset);
    this.#child = startMonitor(this.#netns);
    this.#child.stdout.on('data', chunk => {
      this.#output += String(chunk);
    });
    const deadline = performance.now() + WAIT_MS;
    while (!this.#output.includes(marks.ready)) {
      if (performance.now() > deadline) throw new Error(`nft monitor trace tells nothing of ${this.#netns}`);
      await this.#ping(marks.ready);
    }
    await this.#mark(marks.begin);
    this.#unheard = await this.#untold();
  }

  async finish(): Promise<RuleTraces> {
    await this.#mark(marks.end);
    const untold = await this.#untold();
    const lost = this.#output.split('\n').filter(line => line.startsWith('# ERROR'));
    for (const [chain, count] of untold) {
      const more = count - (this.#unheard.get(chain) ?? 0);
      if (more !== 0) lost.push(`${more} packets at ${chain} in ${this.#netns} were counted, but not traced`);
    }
    const told = readTraces(this.#netns, this.#output);
    return { ...told, lost };
  }

  async abort(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#child;
    await this.#nft(['delete', 'table', 'inet', TABLE]).catch(() => undefined); // never made, or gone with its namespace
  }

  /** By chain, how many packets its counter has more than the traces. */
  async #untold(): Promise<Map<string, number>> {
    const counters = countersOf(await this.#nft(['-j', 'list', 'table', 'inet', TABLE]));
    const traced = groupBy(readTraces(this.#netns, this.#output).passages, ({ hook }) => `behind_${hook}`);
    return new Map([...counters].map(([chain, count]) => [chain, count - (traced.get(chain)?.length ?? 0)]));
  }

  /** Waits until the answer to the ping has been told too: it is the last of four passages. */
  async #mark(address: string): Promise<void> {
    await this.#ping(address);
    const answered = new RegExp(`behind_input packet:.* ip saddr ${address} .*\n`);
    const deadline = performance.now() + WAIT_MS;
    while (!answered.test(this.#output)) {
      if (performance.now() > deadline)
        throw new Error(`the traces of ${this.#netns} do not come to their end`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async #ping(address: string): Promise<void> {
    await this.#in(['ping', '-n', '-c', '1', '-W', '1', address]);
  }

  #nft(args: readonly string[], input = ''): Promise<string> {
    return this.#in(['nft', ...args], input);
  }

  async #in(argv: readonly string[], input = ''): Promise<string> {
    return (await execa('nsenter', [`--net=/run/netns/${this.#netns}`, '--', ...argv], { input, env }))
      .stdout;
  }
}

interface ListedRule {
  readonly rule?: {
    readonly chain: string;
    readonly expr: readonly { readonly counter?: { readonly packets: number } }[];
  };
}

function* countersOf(json: string): Generator<[string, number]> {
  for (const { rule } of (JSON.parse(json) as { nftables: ListedRule[] }).nftables) {
    const packets = rule?.expr.find(({ counter }) => counter !== undefined)?.counter?.packets;
    if (rule !== undefined && packets !== undefined) yield [rule.chain, packets];
  }
}

const LINE = /^trace id (\w+) \w+ (\S+) (\S+) (?:packet: (.*)|(?:rule .*\()?(?:verdict|policy) (\w+).*)$/;

/** The lines of one namespace, in the order in which its kernel wrote them. */
export function readTraces(netns: string, output: string): Omit<RuleTraces, 'lost'> {
  const passages: Passage[] = [];
  const drops: RuleDrop[] = [];
  /** By trace id: a packet that has not yet been seen behind the rules of a hook, and packet and hook of the latest chain. */
  const before = new Map<string, { hook: RuleHook; packet: RuledPacket }>();
  const latest = new Map<string, { hook: RuleHook; packet: RuledPacket }>();
  const vanish = (id: string) => {
    const at = before.get(id);
    if (at !== undefined) drops.push({ netns, by: 'kernel', ...at });
  };
  for (const line of output.split('\n')) {
    const [, id, table, chain, words, verdict] = LINE.exec(line) ?? [];
    if (id === undefined || chain === undefined) continue;
    if (words === undefined) {
      const at = latest.get(id);
      if (verdict !== 'drop' || at === undefined) continue;
      drops.push({ netns, by: 'rule', ...at });
      before.delete(id);
      continue;
    }
    const hook = chain.replace(/^(before|behind)_/, '').toLowerCase() as RuleHook;
    const packet = packetOf(hook, words);
    latest.set(id, { hook, packet });
    if (table !== TABLE) continue;
    if (chain.startsWith('before')) {
      vanish(id); // another packet at the same address
      before.set(id, { hook, packet });
    } else {
      passages.push({ netns, hook, before: before.get(id)?.packet ?? packet, behind: packet });
      before.delete(id);
    }
  }
  for (const id of before.keys()) vanish(id);
  return { passages, drops };
}

const IP6_HEADER_BYTES = 40;

function packetOf(hook: RuleHook, words: string): RuledPacket {
  const word = (name: string) => new RegExp(`(?:^| )${name} "?([^" ]+)`).exec(words)?.[1];
  const number = (name: string) => Number(word(name));
  const proto = ['tcp', 'udp', 'icmp', 'icmpv6'].find(name => words.includes(` ${name} `)) ?? '?';
  const isIcmp = proto.startsWith('icmp');
  const isV6 = words.includes(' ip6 ');
  const ip = isV6 ? 'ip6' : 'ip';
  return {
    dev: word(hook === 'output' || hook === 'postrouting' ? 'oif' : 'iif') ?? '',
    proto,
    src: word(`${ip} saddr`) ?? '',
    dst: word(`${ip} daddr`) ?? '',
    ...(isIcmp || proto === '?' ? {} : { sport: number(`${proto} sport`), dport: number(`${proto} dport`) }),
    ...(isIcmp ? { icmp: { type: number(`${proto} type`), code: number(`${proto} code`) } } : {}),
    ttl: number(isV6 ? 'ip6 hoplimit' : 'ip ttl'),
    id: number(isV6 ? 'ip6 flowlabel' : 'ip id'),
    lenBytes: number(`${ip} length`) + (isV6 ? IP6_HEADER_BYTES : 0),
  };
}
