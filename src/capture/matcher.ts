/**
 * Which sights are of one packet? In a capture a packet has no identity but what it looks like.
 *
 * Sights with one fingerprint, each a possible step after the last and soon after it, are one packet. A packet does not come by the same
 * device twice in the same direction with the same TTL: such a sight is of another packet that looks the same. Where a sight fits several
 * packets, and nothing that it carries tells them apart, it is joined to none and begins a journey of its own (`ambiguous`): a wrong join
 * cannot be seen by anybody later, a cut can.
 *
 * What it cannot know: that a packet was dropped and a second one without an IPv4 id, alike to the last byte, took its place between two
 * sights within 100 ms.
 */
import { isCopy, isTold, type Owns } from './copies.ts';
import { ANY } from './places.ts';
import { byStack, canFollow, type DirectedSight, type IsCaptured } from './steps.ts';

/** A packet that was not seen for so long is over; correlation closes journeys by the same. */
export const SILENCE_NS = 100_000_000;
/** Between the stamps that two captures of one device give a packet. */
const COPY_NS = 200_000;
/** Packets under way: more than a node holds in a tenth of a second, and a bound for hostile captures. */
const OPEN_MAX = 100_000;
/** Of one fingerprint: more look-alikes at a time are not told apart. */
const ALIKE_MAX = 64;
/** Devices that a packet passes; a longer way is a loop. */
const SIGHTS_MAX = 256;

interface Chain {
  readonly packet: number;
  /** The packet that this is a flood's copy of; itself if it is none. */
  readonly root: number;
  /** Its sights are told: of a copy not before one says who gets it. */
  isTold: boolean;
  readonly fingerprint: string;
  readonly sights: DirectedSight[];
  /** What other captures of the same devices showed of it as well. */
  readonly copies: DirectedSight[];
}

export interface Match {
  readonly packet: number;
  readonly sight: DirectedSight;
  /** The packet was not seen before. */
  readonly isFirst: boolean;
  /** The packet that a flood made this one of; itself if it is no copy. */
  readonly root: number;
}

export interface MatcherStats {
  packets: number;
  /** Sights of a flood's copies of which nobody told where they went: left out. */
  copies: number;
  /** Fitted several packets. */
  ambiguous: number;
  /** The same packet at the same device in two captures. */
  duplicates: number;
  /** Packets under way that were given up for lack of room. */
  evicted: number;
}

export class Matcher {
  readonly stats: MatcherStats = { packets: 0, copies: 0, ambiguous: 0, duplicates: 0, evicted: 0 };
  readonly #isCaptured: IsCaptured;
  readonly #owns: Owns;
  readonly #open = new Map<string, Chain[]>();
  #packets = 0;
  /** In order of their last sight. */
  readonly #chains = new Set<Chain>();

  constructor(isCaptured: IsCaptured, owns: Owns = () => false) {
    this.#isCaptured = isCaptured;
    this.#owns = owns;
  }

  /** Sights with one stamp, of any packets; sights come in order of time. */
  take(sights: readonly DirectedSight[]): Match[] {
    const first = sights[0];
    if (first === undefined) return [];
    this.#forget(first.timeNs);
    if (sights.length === 1) return this.#place(first);
    const matches: Match[] = [];
    for (const alike of groups(sights)) {
      let left = alike.toSorted(byStack);
      while (left.length > 0) {
        const next = this.#nextOf(left);
        left = left.filter(sight => sight !== next);
        matches.push(...this.#place(next));
      }
    }
    return matches;
  }

  /** Of sights with one stamp: what continues a packet, else what none of the others can come before. */
  #nextOf(left: readonly DirectedSight[]): DirectedSight {
    if (left.length === 1) return left[0]!;
    const follows = (a: DirectedSight, b: DirectedSight): boolean => canFollow(a, b, this.#isCaptured);
    const continuing = left.filter(sight => this.#fitting(sight).length > 0);
    // Of two that may be next, the one with the lower TTL can come after the other, not before.
    return (
      continuing.find(sight => continuing.every(other => other.ttl <= sight.ttl)) ??
      left.find(sight => !left.some(other => other !== sight && follows(other, sight))) ??
      left[0]!
    );
  }

  #place(sight: DirectedSight): Match[] {
    const alike = this.#open.get(sight.fingerprint) ?? [];
    const twice = alike.find(chain => isSeenTwice(chain, sight));
    if (twice !== undefined) {
      twice.copies.push(sight);
      this.stats.duplicates++;
      return [];
    }
    const fitting = this.#fitting(sight);
    const exact = fitting.length > 1 ? fitting.filter(chain => carriesTheSame(chain, sight)) : fitting;
    if (exact.length === 1) return this.#join(exact[0]!, sight);
    const family = fitting.length > 0 ? familyOf(fitting) : this.#originalOf(alike, sight);
    if (fitting.length > 1 && family === undefined) this.stats.ambiguous++;
    return this.#begin(sight, family);
  }

  /** The packet that this is a copy of, which a bridge or a tunnel sent another way as well. */
  #originalOf(alike: readonly Chain[], sight: DirectedSight): number | undefined {
    const originals = alike.filter(({ sights }) => isCopy(sights, sight, this.#isCaptured));
    return originals.length === 0 ? undefined : familyOf(originals);
  }

  #fitting(sight: DirectedSight): Chain[] {
    const alike = this.#open.get(sight.fingerprint) ?? [];
    return alike.filter(chain => {
      const last = chain.sights.at(-1)!;
      if (chain.sights.length >= SIGHTS_MAX || !canFollow(last, sight, this.#isCaptured)) return false;
      return !chain.sights.some(seen => isSamePlace(seen, sight) && seen.ttl === sight.ttl);
    });
  }

  #join(chain: Chain, sight: DirectedSight): Match[] {
    chain.sights.push(sight);
    this.#chains.delete(chain);
    this.#chains.add(chain);
    return this.#tell(chain, sight);
  }

  #begin(sight: DirectedSight, family: number | undefined): Match[] {
    const { fingerprint } = sight;
    const packet = ++this.#packets;
    const chain: Chain = {
      ...{ packet, root: family ?? packet, isTold: false },
      ...{ fingerprint, sights: [sight], copies: [] },
    };
    const alike = this.#open.get(fingerprint) ?? [];
    if (alike.length >= ALIKE_MAX) this.#end(alike[0]!, true);
    if (this.#chains.size >= OPEN_MAX) this.#end(this.#chains.values().next().value!, true);
    this.#chains.add(chain);
    this.#open.set(fingerprint, [...(this.#open.get(fingerprint) ?? []), chain]);
    return this.#tell(chain, sight);
  }

  #tell(chain: Chain, sight: DirectedSight): Match[] {
    const { packet, root } = chain;
    const isFirst = !chain.isTold;
    if (isFirst && root !== packet && !isTold(sight, this.#isCaptured, this.#owns)) {
      this.stats.copies++;
      return [];
    }
    if (isFirst) this.stats.packets++;
    chain.isTold = true;
    return [{ packet, sight, isFirst, root }];
  }

  #forget(nowNs: number): void {
    for (const chain of this.#chains) {
      if (nowNs - chain.sights.at(-1)!.timeNs <= SILENCE_NS) return;
      this.#end(chain, false);
    }
  }

  #end(chain: Chain, early: boolean): void {
    if (early) this.stats.evicted++;
    this.#chains.delete(chain);
    const left = (this.#open.get(chain.fingerprint) ?? []).filter(other => other !== chain);
    if (left.length === 0) this.#open.delete(chain.fingerprint);
    else this.#open.set(chain.fingerprint, left);
  }
}

/** Undefined where they are not all of one flood. */
function familyOf(chains: readonly Chain[]): number | undefined {
  const [first] = chains;
  const isFlood = chains.every(({ root }) => root === first?.root);
  return isFlood ? first?.root : undefined;
}

function groups(sights: readonly DirectedSight[]): Iterable<DirectedSight[]> {
  return Map.groupBy(sights, sight => sight.fingerprint).values();
}

function isSamePlace(a: DirectedSight, b: DirectedSight): boolean {
  return a.place === b.place && a.device.name === b.device.name && a.direction === b.direction;
}

/**
 * Two captures of one device, its own and one of all devices, show each packet once. Each has its own stamp, some µs later than the first
 * (tpacket_rcv() takes the time where the packet has none, Linux 6.18).
 */
function isSeenTwice({ sights, copies }: Chain, sight: DirectedSight): boolean {
  const isHere = (seen: DirectedSight): boolean => isSamePlace(seen, sight) && seen.ttl === sight.ttl;
  const first = sights.find(seen => isHere(seen) && sight.timeNs - seen.timeNs <= COPY_NS);
  // Handed from device to device, and the capture does not say which.
  if (first !== undefined && sight.device.name === ANY) return isWrapped(first) === isWrapped(sight);
  if (first === undefined || first.capture === sight.capture) return false;
  return !copies.some(copy => isHere(copy) && copy.capture === sight.capture);
}

const isWrapped = ({ headers }: DirectedSight): boolean => headers.inner !== undefined;

/** Addresses and ports of the innermost packet: two packets that look the same are mostly of two conversations. */
function carriesTheSame({ sights }: Chain, sight: DirectedSight): boolean {
  const a = sights.at(-1)!.headers;
  const x = a.inner ?? a.outer;
  const y = sight.headers.inner ?? sight.headers.outer;
  return x.src === y.src && x.dst === y.dst && x.sport === y.sport && x.dport === y.dport;
}
