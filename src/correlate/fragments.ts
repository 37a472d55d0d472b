/**
 * Fragments and the datagrams that they make.
 *
 * conntrack puts datagrams together early (already in PREROUTING, on a bridge too) and the way out takes them apart again. The datagram
 * then sits at the last fragment's sk_buff with the first one's data, new fragments take other buffers, and IPv6 gives them a new
 * fragment id. So they are joined by what stays: namespace, addresses, protocol, and the IPv4 id.
 */
import type { Event } from '../model/event.ts';
import { innermost } from '../model/tuples.ts';
import type { OpenJourney } from './open-journey.ts';

/** Nothing smaller is ever fragmented: the least MTU of IPv6. */
const SMALLEST = 1280;
const TCP = 6;

export class FragmentTable {
  readonly #fragments = new Map<string, Set<OpenJourney>>();
  readonly #datagrams = new Map<string, OpenJourney>();
  readonly #reassembled = new Set<string>();
  /** Under which keys a journey stands in one of these tables; nearly all stand in none. */
  readonly #noted = new Map<OpenJourney, Set<string>>();

  /** Remembers where the newest event of a journey leaves it. */
  note(journey: OpenJourney, event: Event): void {
    const layer = innermost(event);
    if (layer === undefined || event.netns === 0 || event.gsoSize > 0) return;
    const isFragment = layer.fragment !== undefined;
    if (!isFragment && (layer.proto === TCP || event.skbLen <= SMALLEST)) return;
    const key = this.#key(event);
    if (key === undefined) return;
    const keys = this.#noted.get(journey);
    if (keys === undefined) this.#noted.set(journey, new Set([key]));
    else keys.add(key);
    if (!isFragment) this.#datagrams.set(key, journey);
    else if (this.#fragments.get(key)?.add(journey) === undefined)
      this.#fragments.set(key, new Set([journey]));
  }

  /** The fragments that a datagram first seen here was put together from. */
  partsOf(event: Event): readonly OpenJourney[] {
    const layer = innermost(event);
    if (layer === undefined || layer.fragment !== undefined || this.#fragments.size === 0) return [];
    const prefix = this.#key(event);
    if (prefix === undefined) return [];
    if (layer.family === 4) return [...(this.#fragments.get(prefix) ?? [])];
    // An IPv6 datagram has lost its fragment id: the newest set with these addresses.
    let found: Set<OpenJourney> | undefined;
    for (const [key, parts] of this.#fragments) if (key.startsWith(`${prefix} `)) found = parts;
    return [...(found ?? [])];
  }

  /** The fragment last seen at this event was taken into its datagram, which the end of the first fragment's sk_buff tells. */
  reassembled(at: Event): void {
    const key = this.#key(at);
    if (key !== undefined && innermost(at)?.fragment !== undefined) this.#reassembled.add(key);
  }

  /** Was the datagram put together where this fragment of it was seen? */
  wasReassembled(at: Event): boolean {
    const key = this.#key(at);
    return key !== undefined && this.#reassembled.has(key);
  }

  /** The datagram that a fragment first seen here was cut from. */
  wholeOf(event: Event): OpenJourney | undefined {
    const layer = innermost(event);
    if (layer?.fragment === undefined) return undefined;
    const key = layer.family === 4 ? this.#key(event) : this.#addresses(event);
    return key === undefined ? undefined : this.#datagrams.get(key);
  }

  forget(journey: OpenJourney): void {
    for (const key of this.#noted.get(journey) ?? []) {
      const parts = this.#fragments.get(key);
      if (parts?.delete(journey) === true && parts.size === 0) {
        this.#fragments.delete(key);
        this.#reassembled.delete(key);
      }
      if (this.#datagrams.get(key) === journey) this.#datagrams.delete(key);
    }
    this.#noted.delete(journey);
  }

  #key(event: Event): string | undefined {
    const layer = innermost(event);
    if (layer === undefined || layer.family === 0) return undefined;
    const addresses = this.#addresses(event);
    if (layer.family === 4) return `${addresses} ${layer.id}`;
    return layer.fragment === undefined ? addresses : `${addresses} ${layer.fragment.id}`;
  }

  #addresses(event: Event): string {
    const layer = innermost(event)!;
    return `${event.netns} ${layer.proto} ${layer.src} ${layer.dst}`;
  }
}
