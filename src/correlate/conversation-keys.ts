/**
 * Keys of conversations, each text made once: a conversation has many packets and each of them many hops. The same conversation gives
 * the same string object, so that tables find it without hashing it anew.
 */
import type { ConntrackRecord, NetworkLayer } from '../model/event.ts';
import { conntrackKey, conversationKey } from '../model/tuples.ts';

/** Conversations of one namespace that are remembered at once; others are made again. */
const REMEMBERED = 64;

interface Remembered {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  readonly proto: number;
  readonly key: string | undefined;
}

export class ConversationKeys {
  readonly #byNetns = new Map<number, (Remembered | undefined)[]>();
  readonly #byEntry = new WeakMap<ConntrackRecord, readonly [orig: string, reply: string]>();

  of(netns: number, layer: NetworkLayer): string | undefined {
    const { src, dst, sport, dport, proto } = layer;
    if (sport === undefined || dport === undefined) return conversationKey(netns, layer);
    let remembered = this.#byNetns.get(netns);
    if (remembered === undefined) {
      remembered = Array<Remembered | undefined>(REMEMBERED).fill(undefined);
      this.#byNetns.set(netns, remembered);
      if (this.#byNetns.size > 10_000) this.#byNetns.delete(this.#byNetns.keys().next().value!);
    }
    const at = (sport ^ (dport << 1) ^ (dport >> 6)) & (REMEMBERED - 1);
    const known = remembered[at];
    if (
      known !== undefined &&
      known.sport === sport &&
      known.dport === dport &&
      known.proto === proto &&
      known.src === src &&
      known.dst === dst
    )
      return known.key;
    const key = conversationKey(netns, layer);
    remembered[at] = { src, dst, sport, dport, proto, key };
    return key;
  }

  /** Of both tuples of a conntrack entry; the same record is of the same namespace. */
  ofEntry(netns: number, entry: ConntrackRecord): readonly [orig: string, reply: string] {
    let keys = this.#byEntry.get(entry);
    if (keys === undefined) {
      keys = [conntrackKey(netns, entry.orig), conntrackKey(netns, entry.reply)];
      this.#byEntry.set(entry, keys);
    }
    return keys;
  }
}
