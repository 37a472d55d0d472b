/**
 * The rules of namespaces, as they were read, by time. What was read twice the same is taken to have been so between; else nobody knows
 * when it changed, and the reading nearest to a packet is asked first.
 */
import type { RulesetSnapshot } from '../model/ruleset-snapshot.ts';
import { readIptablesSave } from '../rules/iptables-save.ts';
import { readNftJson, tableOrder } from '../rules/nft-json.ts';
import { RuleTraceBook, type TracedPacket, type TracedVisit } from '../rules/rule-trace.ts';
import type { Ruleset } from '../rules/ruleset.ts';

/** Of one namespace: parsed ones take some 1 kB a rule. */
const READINGS_MAX = 3;
/** Rules that were read so long before a packet are tried on it; where they do not lead to what became of it, they are read anew. */
const NEAR_NS = 10e9;

interface Reading {
  readonly cookie: string;
  readonly snapshot: RulesetSnapshot;
  fromNs: number;
  toNs: number;
  ruleset: Ruleset | undefined;
}

export interface RulesAt {
  readonly ruleset: Ruleset;
  /** Session time at which they were read: of several, the nearest. */
  readonly readNs: number;
}

export class RuleBook {
  readonly #baseNs: bigint;
  readonly #readings = new Map<string, Reading[]>();
  /** Asked for, and not read near to that time. */
  readonly #missing = new Set<string>();
  /** Where rules that were read behind a packet did not explain it: they will not do better when they are read again. */
  readonly #hopeless = new Set<string>();
  /** How often each was read. */
  readonly #counts = new Map<string, number>();
  /** By namespace: what the kernel told of packets there. */
  readonly #traces = new Map<string, RuleTraceBook>();
  /** A rule was asked for of which the kernel is to tell, and has not yet. */
  #isUntold = false;
  /** Somebody reads what is missing. */
  isRead = false;
  /** Grows with each reading. */
  rev = 0;

  constructor(baseNs: bigint) {
    this.#baseNs = baseNs;
  }

  apply(snapshot: RulesetSnapshot): void {
    const { cookie, sources } = snapshot;
    const atNs = Number(BigInt(snapshot.timeNs) - this.#baseNs);
    const known = this.#readings.get(cookie) ?? [];
    this.#readings.set(cookie, known);
    const last = known.at(-1);
    this.#counts.set(cookie, this.countOf(cookie) + 1);
    if (sources !== undefined) this.#hopeless.delete(cookie);
    if (sources === undefined && last !== undefined) last.toNs = Math.max(last.toNs, atNs);
    else {
      known.push({ cookie, snapshot, fromNs: atNs, toNs: atNs, ruleset: undefined });
      if (known.length > READINGS_MAX) known.shift();
    }
    this.rev++;
  }

  /** Nearest first; remembers what would have to be read. */
  at(cookie: string, timeNs: number): RulesAt[] {
    const readings = [...(this.#readings.get(cookie) ?? [])].sort(
      (a, b) => farFrom(a, timeNs) - farFrom(b, timeNs),
    );
    if (this.isRead && !this.#isNear(cookie, timeNs)) this.#missing.add(cookie);
    return readings.map(reading => ({
      ruleset: rulesetOf(reading),
      readNs: Math.min(Math.max(timeNs, reading.fromNs), reading.toNs),
    }));
  }

  #isNear(cookie: string, timeNs: number): boolean {
    const last = this.#readings.get(cookie)?.at(-1);
    return last !== undefined && last.toNs >= timeNs - NEAR_NS;
  }

  /** None of the readings leads to what became of a packet. */
  explainsNot(cookie: string, timeNs: number): void {
    const last = this.#readings.get(cookie)?.at(-1);
    if (last !== undefined && last.toNs >= timeNs) this.#hopeless.add(cookie);
    else if (this.isRead && !this.#hopeless.has(cookie)) this.#missing.add(cookie);
  }

  /** From here on the kernel tells of its rules there. */
  traces(places: readonly string[]): void {
    for (const cookie of places)
      if (!this.#traces.has(cookie)) this.#traces.set(cookie, new RuleTraceBook(isTraceTable));
  }

  traced(cookie: string, text: string): void {
    this.#traces.get(cookie)?.add(text);
    this.rev++;
  }

  /** What it told of such a packet, newest first; undefined where it is not asked. */
  tracesOf(cookie: string, packet: TracedPacket): readonly TracedVisit[] | undefined {
    return this.#traces.get(cookie)?.of(packet);
  }

  untold(): void {
    this.#isUntold = true;
  }

  takeUntold(): boolean {
    const was = this.#isUntold;
    this.#isUntold = false;
    return was;
  }

  countOf(cookie: string): number {
    return this.#counts.get(cookie) ?? 0;
  }

  /** What has been asked for and was missing since the last call. */
  takeMissing(): readonly string[] {
    const missing = [...this.#missing];
    this.#missing.clear();
    return missing;
  }

  kernelNs(timeNs: number): string {
    return String(this.#baseNs + BigInt(Math.round(timeNs)));
  }
}

/** Ours (`collect/rule-traces.ts`), of whichever process. */
const isTraceTable = (name: string): boolean => /^tracer_\d+$/.test(name);

function farFrom({ fromNs, toNs }: Reading, timeNs: number): number {
  return Math.max(fromNs - timeNs, timeNs - toNs, 0);
}

function rulesetOf(reading: Reading): Ruleset {
  reading.ruleset ??= parsed(reading.snapshot);
  return reading.ruleset;
}

/** Tables of iptables are read from iptables-save, the others as nft lists them. */
export function parsed({ sources = [] }: RulesetSnapshot): Ruleset {
  const order = new Map<string, number>();
  for (const source of sources)
    if (source.kind === 'nft') for (const [name, at] of tableOrder(source.listed)) order.set(name, at);
  const saved = sources.flatMap(source =>
    source.kind === 'iptables-save'
      ? readIptablesSave(source.text, source.family, source.dialect, order).tables
      : [],
  );
  const known = new Set(
    saved.filter(({ dialect }) => dialect === 'iptables-nft').map(({ family, name }) => `${family} ${name}`),
  );
  const others = new Set([...order.keys()].filter(name => !known.has(name)));
  const listed = sources.flatMap(source =>
    source.kind === 'nft' ? readNftJson(source.listed, others).tables : [],
  );
  return { tables: [...saved, ...listed] };
}
