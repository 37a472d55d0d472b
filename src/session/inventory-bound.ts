/**
 * How much a session file may tell of the host: what it tells is held in memory, and a file may be made up. Counted as the inventory keeps it:
 * of each namespace the versions of the last minute, and what is gone for as long.
 */
import { TracerError } from '../base/errors.ts';
import type { InventoryFrame, NetnsSnapshot } from '../model/inventory.ts';

/** Far more than the kernel of any cluster has. */
export const NETNS_MAX = 20_000;
/** Devices, addresses, routes and so on, of all versions: some 500 MB. */
export const ITEMS_MAX = 5_000_000;
const KEPT_NS = 60_000_000_000n;
const VERSIONS_MAX = 256;

interface Version {
  readonly timeNs: bigint;
  readonly items: number;
}

interface Held {
  versions: Version[];
  goneNs: bigint | undefined;
}

export class InventoryBound {
  readonly #name: string;
  readonly #held = new Map<string, Held>();
  #items = 0;
  #latestNs = 0n;

  /** `name`: of the file. */
  constructor(name: string) {
    this.#name = name;
  }

  /** @throws SESSION_FORMAT if no host has so much. */
  take(frame: InventoryFrame): void {
    const timeNs = BigInt(frame.timeNs);
    if (timeNs > this.#latestNs) this.#latestNs = timeNs;
    const held = this.#held.get(frame.cookie) ?? { versions: [], goneNs: undefined };
    if ('gone' in frame) held.goneNs = timeNs;
    else this.#add(held, { timeNs, items: itemsOf(frame) });
    this.#held.set(frame.cookie, held);
    if (this.#held.size > NETNS_MAX || this.#items > ITEMS_MAX) this.#forget();
    if (this.#held.size > NETNS_MAX) throw this.#tooMuch(`${NETNS_MAX} network namespaces`);
    if (this.#items > ITEMS_MAX) throw this.#tooMuch(`${ITEMS_MAX} devices, addresses and routes`);
  }

  #add(held: Held, version: Version): void {
    held.versions.push(version);
    this.#items += version.items;
    const kept = held.versions.findIndex(({ timeNs }) => this.#latestNs - timeNs <= KEPT_NS);
    // The one before the oldest of the last minute still holds at its beginning.
    const spare = Math.max(kept - 1, held.versions.length - VERSIONS_MAX);
    if (spare > 0) for (const { items } of held.versions.splice(0, spare)) this.#items -= items;
  }

  #forget(): void {
    for (const [cookie, { versions, goneNs }] of this.#held) {
      if (goneNs === undefined || this.#latestNs - goneNs <= KEPT_NS) continue;
      this.#held.delete(cookie);
      for (const { items } of versions) this.#items -= items;
    }
  }

  #tooMuch(what: string): TracerError {
    return new TracerError('SESSION_FORMAT', `${this.#name} tells of more than ${what} at a time`, {
      hint: 'no host has so many: the file is damaged or made up',
    });
  }
}

function itemsOf({ names, processes, links, addresses, routes, neighbours, fdb }: NetnsSnapshot): number {
  return [names, processes, links, addresses, routes, neighbours, fdb].reduce(
    (sum, list) => sum + list.length,
    1,
  );
}
