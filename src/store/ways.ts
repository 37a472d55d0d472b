/** Hops that journeys share, as long as one of them is kept: their form, whom they join, and what they take, which counts once. */
import type { Endpoint, Hop } from '../model/journey.ts';
import { wayBytes } from './heap-bytes.ts';
import type { JourneyHead } from './journey-head.ts';

export class Way {
  readonly hops: readonly Hop[];
  /** Of all journeys on it. */
  readonly ends: Ends;
  /** On the heap, estimated. */
  readonly bytes: number;
  users = 0;
  #text: string | undefined;

  constructor(hops: readonly Hop[], ends: Ends) {
    this.hops = hops;
    this.ends = ends;
    this.bytes = wayBytes(hops, [ends.from, ends.to, ends.backend, ends.service]);
  }

  /** What of its ends can be searched for, in small letters. */
  get text(): string {
    this.#text ??= endsText(this.ends).toLowerCase();
    return this.#text;
  }
}

export type Ends = Pick<JourneyHead, 'from' | 'to' | 'backend' | 'service'>;

export function endsText({ from, to, backend, service }: Ends): string {
  return [from, to, backend, service].flatMap(end => (end === undefined ? [] : [textOf(end)])).join('\n');
}

function textOf({ cluster, namespace, name, node, ip, port, process }: Endpoint): string {
  const place = [cluster, namespace, name].filter(part => part !== undefined).join('/');
  const address = port === undefined ? ip : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
  return `${place} ${node ?? ''} ${address} ${process?.comm ?? ''}`;
}

export class Ways {
  readonly #shared = new Map<readonly Hop[], Way>();

  get size(): number {
    return this.#shared.size;
  }

  /** The way of one more journey. */
  take(hops: readonly Hop[], head: JourneyHead): Way {
    const known = this.#shared.get(hops);
    if (known !== undefined && known.ends.from === head.from && known.ends.to === head.to) {
      known.users++;
      return known;
    }
    const { from, to, backend, service } = head;
    const way = new Way(hops, { from, to, backend, service });
    way.users = 1;
    if (known === undefined) this.#shared.set(hops, way);
    return way;
  }

  /** One journey less. @returns bytes that this gives back. */
  release(way: Way): number {
    way.users--;
    if (way.users > 0) return 0;
    if (this.#shared.get(way.hops) === way) this.#shared.delete(way.hops);
    return way.bytes;
  }
}
