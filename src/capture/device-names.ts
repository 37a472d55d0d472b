/**
 * What a capture of all devices does not tell: their names, where a file of each device lies beside it, and which of them lie above others.
 *
 * LINUX_SLL2 gives each packet an ifindex. The device of that index has shown the same packets, at the same times, as the file of one device;
 * a port and its bridge share most of theirs, so a pair has to be the best for both sides. A frame that comes in twice in one namespace, by
 * one device and then by another, was handed up; one that was made there and goes out twice was handed down.
 *
 * What it cannot know: an index that fits two files equally well. Its packets may be shown by those files, and are left out.
 */
import { ANY, type CapturePoint, type Device } from './places.ts';
import type { Sight } from './sight.ts';

/** Between the stamps that two captures give one packet. */
const STAMP_NS = 200_000;
/** A frame is handed from one device to the next within this. */
const STACK_NS = 5_000_000;
const KEPT_MAX = 20_000;
const PAIRS_MAX = 100_000;
/** Sights of one packet in one namespace that are looked at together. */
const SEEN_MAX = 32;
/** Of the packets of both, shown by both: captures do not begin and end at once. */
const ENOUGH = 0.8;

/** An index and a file. */
interface Pair {
  matches: number;
  apartNs: number;
}

export class DeviceNames {
  readonly #mixed = new Set<number>();
  readonly #recent = new Map<string, Sight[]>();
  readonly #counts = new Map<string, number>();
  readonly #pairs = new Map<string, Map<string, Pair>>();
  readonly #above = new Set<string>();
  readonly #below = new Set<string>();
  readonly #devices = new Map<string, Device | undefined>();

  constructor(points: readonly CapturePoint[]) {
    const anywhere = new Set(points.filter(({ dev }) => dev === undefined).map(({ place }) => place));
    for (const { place, dev } of points) if (dev !== undefined && anywhere.has(place)) this.#mixed.add(place);
  }

  /** Is there a file of all devices of this namespace, and files of some of them? */
  isMixed(place: number): boolean {
    return this.#mixed.has(place);
  }

  look(sight: Sight): void {
    const { place, device, fingerprint } = sight;
    if (device.unnamed !== true && !this.#mixed.has(place)) return;
    const key = `${place} ${fingerprint}`;
    const before = this.#recent.get(key) ?? [];
    const recent = before.filter(seen => sight.timeNs - seen.timeNs <= STACK_NS && isSameFrame(seen, sight));
    this.#count(keyOf(sight));
    for (const seen of recent) {
      if (seen.device.unnamed === true && device.unnamed === true) continue;
      if (seen.device.unnamed === true) this.#pair(seen, sight);
      else if (device.unnamed === true) this.#pair(sight, seen);
    }
    if (device.unnamed === true) this.#stack(recent, sight);
    recent.push(sight);
    if (recent.length > SEEN_MAX) recent.shift();
    this.#recent.delete(key);
    this.#recent.set(key, recent);
    if (this.#recent.size > KEPT_MAX) this.#recent.delete(this.#recent.keys().next().value!);
  }

  #count(key: string): void {
    if (this.#counts.size < KEPT_MAX || this.#counts.has(key))
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  #pair(unnamed: Sight, named: Sight): void {
    const apartNs = Math.abs(unnamed.timeNs - named.timeNs);
    if (apartNs > STAMP_NS || !hasSameAddresses(unnamed, named)) return;
    const files = this.#pairs.get(keyOf(unnamed)) ?? new Map<string, Pair>();
    if (this.#pairs.size < KEPT_MAX) this.#pairs.set(keyOf(unnamed), files);
    const pair = files.get(named.device.name) ?? { matches: 0, apartNs: 0 };
    pair.matches++;
    pair.apartNs += apartNs;
    if (files.size < PAIRS_MAX) files.set(named.device.name, pair);
  }

  #stack(recent: readonly Sight[], sight: Sight): void {
    const others = recent.filter(
      seen => seen.device.unnamed === true && seen.device.ifindex !== sight.device.ifindex,
    );
    const wasIn = others.find(seen => seen.direction === 'in');
    if (sight.direction === 'in' && wasIn !== undefined) this.#isAbove(sight, wasIn);
    const wasOut = others.find(seen => seen.direction === 'out');
    // What came in and goes out twice was flooded by a bridge.
    if (sight.direction === 'out' && wasOut !== undefined && wasIn === undefined)
      this.#isAbove(wasOut, sight);
  }

  #isAbove(above: Sight, below: Sight): void {
    if (this.#above.size < KEPT_MAX) this.#above.add(keyOf(above));
    if (this.#below.size < KEPT_MAX) this.#below.add(keyOf(below));
  }

  /** With the device as it is called, as far as that was learned. Undefined: which one it is cannot be told from others that were captured. */
  named<S extends Sight>(sight: S): S | undefined {
    if (sight.device.unnamed !== true && !this.#mixed.has(sight.place)) return sight;
    // The older cooked header tells no device at all.
    if (sight.device.name === ANY) return undefined;
    const key = keyOf(sight);
    if (!this.#devices.has(key)) this.#devices.set(key, this.#deviceOf(sight));
    const device = this.#devices.get(key);
    if (device === sight.device) return sight;
    return device === undefined ? undefined : { ...sight, device };
  }

  #deviceOf({ place, device }: Sight): Device | undefined {
    if (device.unnamed !== true) {
      const index = device.ifindex === 0 ? this.#indexOf(place, device.name) : undefined;
      return index === undefined ? device : this.#learned(place, index, device.name);
    }
    if (!this.#mixed.has(place)) return this.#learned(place, device.ifindex, device.name);
    const files = this.#pairs.get(`${place} #${device.ifindex}`);
    if (files === undefined) return this.#learned(place, device.ifindex, device.name);
    const [best] = [...files.keys()].filter(name => this.#indexOf(place, name) === device.ifindex);
    if (best !== undefined) return this.#learned(place, device.ifindex, best);
    const mayBe = [...files.keys()].some(name => this.#shareOf(place, device.ifindex, name) >= ENOUGH);
    return mayBe ? undefined : this.#learned(place, device.ifindex, device.name);
  }

  #learned(place: number, ifindex: number, name: string): Device {
    const key = `${place} #${ifindex}`;
    const isAbove = this.#above.has(key) && !this.#below.has(key);
    return { name, ifindex, ...(isAbove ? { kind: 'bridge' as const } : {}) };
  }

  /** The index that shows what the file of this device shows, if each is the other's best. */
  #indexOf(place: number, name: string): number | undefined {
    const best = this.#best(
      [...this.#pairs]
        .filter(([key, files]) => key.startsWith(`${place} #`) && files.has(name))
        .map(([key, files]) => ({ of: Number(key.slice(key.indexOf('#') + 1)), pair: files.get(name)! })),
      ifindex => this.#shareOf(place, ifindex, name),
    );
    if (best === undefined) return undefined;
    const files = this.#pairs.get(`${place} #${best}`)!;
    const back = this.#best(
      [...files].map(([of, pair]) => ({ of, pair })),
      other => this.#shareOf(place, best, other),
    );
    return back === name ? best : undefined;
  }

  /** The one with the largest share; of several the one whose stamps are closer; undefined where none stands out. */
  #best<K>(
    candidates: readonly { readonly of: K; readonly pair: Pair }[],
    share: (of: K) => number,
  ): K | undefined {
    const ranked = candidates
      .map(({ of, pair }) => ({ of, share: share(of), apartNs: pair.apartNs / pair.matches }))
      .filter(each => each.share >= ENOUGH)
      .sort((a, b) => b.share - a.share || a.apartNs - b.apartNs);
    const [first, second] = ranked;
    if (first === undefined) return undefined;
    const isTie = second !== undefined && second.share === first.share && second.apartNs === first.apartNs;
    return isTie ? undefined : first.of;
  }

  /** Of what both show together: 1 if each shows all that the other does. */
  #shareOf(place: number, ifindex: number, name: string): number {
    const matches = this.#pairs.get(`${place} #${ifindex}`)?.get(name)?.matches ?? 0;
    const all = (this.#counts.get(`${place} #${ifindex}`) ?? 0) + (this.#counts.get(`${place} ${name}`) ?? 0);
    return all === 0 ? 0 : (2 * matches) / all;
  }
}

const keyOf = ({ place, device }: Sight): string =>
  device.unnamed === true ? `${place} #${device.ifindex}` : `${place} ${device.name}`;

/** Handed up or down, not routed, not wrapped. A bridge may have asked iptables to rewrite it. */
function isSameFrame(a: Sight, b: Sight): boolean {
  const isWrapped = (sight: Sight): boolean => sight.headers.inner !== undefined;
  return a.ttl === b.ttl && a.sender === b.sender && isWrapped(a) === isWrapped(b);
}

function hasSameAddresses(a: Sight, b: Sight): boolean {
  const x = a.headers.inner ?? a.headers.outer;
  const y = b.headers.inner ?? b.headers.outer;
  return x.src === y.src && x.dst === y.dst;
}
