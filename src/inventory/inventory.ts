/**
 * What every network namespace held, at any moment of the last minute: built from the collector's frames.
 *
 * Names are valid in time. A version of a namespace holds from the moment at which it was read until the next one's, so a
 * packet that came before a change is told by what was there before. But reading comes after the fact: a device or a
 * whole namespace may have sent a packet up to `graceNs` before it was read the first time, and that first sight is then
 * used. What it cannot know: what came and went between two readings.
 *
 * Times are ns since `clockBaseNs` (a number, as in `Event`) or absolute kernel time (a bigint). Cookies are decimal text
 * or, as in `Event`, their low 53 bits.
 */
import type { AddressSnapshot, InventoryFrame, LinkSnapshot, NetnsSnapshot } from '../model/inventory.ts';
import { hasPeerInKernel, isLoopback, isTunnel } from './link-kinds.ts';
import { NetnsView, type RouteAnswer } from './netns-view.ts';
import { containerOf, labelOf } from './place.ts';

export type Cookie = string | number;
export type When = number | bigint;

/** The end of a link, `link` absent where its namespace is not known (yet). */
export interface LinkEnd {
  readonly cookie: string;
  readonly ifindex: number;
  readonly link?: LinkSnapshot;
}

const graceNs = 100e6;
const keepNs = 60e9;
/** A namespace that changes all the time keeps this many versions. */
const versionsMax = 256;

interface History {
  /** When it was found; -∞ where it was there when we began to look. */
  readonly bornNs: number;
  readonly versions: NetnsView[];
  goneNs?: number;
}

export class Inventory {
  clockBaseNs: bigint;
  #rev = 0;
  #latestNs = 0;
  #answersRev = 0;
  #changedNs = 0;
  readonly #histories = new Map<number, History>();

  constructor(options: { readonly clockBaseNs?: bigint } = {}) {
    this.clockBaseNs = options.clockBaseNs ?? 0n;
  }

  /** Grows with each frame. */
  get rev(): number {
    return this.#rev;
  }

  /** Time of the newest frame. */
  get latestNs(): number {
    return this.#latestNs;
  }

  /** Grows with each frame that changes an answer; a list of neighbours or processes that has changed is none. */
  get answersRev(): number {
    return this.#answersRev;
  }

  /** Time of the newest such frame. */
  get changedNs(): number {
    return this.#changedNs;
  }

  /** Answers about times from here on are the same for all of them, as long as `answersRev` is. */
  get settledNs(): number {
    return this.#changedNs + graceNs;
  }

  /** `first`: of the look that everything begins with. */
  apply(frame: InventoryFrame, first = false): void {
    const atNs = this.timeOf(BigInt(frame.timeNs));
    const key = keyOf(frame.cookie);
    this.#rev += 1;
    this.#latestNs = Math.max(this.#latestNs, atNs);
    const history = this.#histories.get(key);
    if ('gone' in frame) {
      if (history !== undefined) history.goneNs = atNs;
      this.#answersChange(atNs);
    } else {
      const view = new NetnsView(frame, atNs);
      const before = history?.versions.at(-1);
      if (before === undefined || !answersTheSame(before, view)) this.#answersChange(atNs);
      if (history === undefined)
        this.#histories.set(key, { bornNs: first ? Number.NEGATIVE_INFINITY : atNs, versions: [view] });
      else addVersion(history, view, this.#latestNs);
    }
    this.#forget();
  }

  /** Namespaces that a collector which was started anew did not find again are gone. `found`: cookies. */
  keepOnly(found: ReadonlySet<string>, timeNs: string): void {
    for (const { cookie } of this.all()) if (!found.has(cookie)) this.apply({ timeNs, cookie, gone: true });
  }

  #answersChange(atNs: number): void {
    this.#answersRev += 1;
    this.#changedNs = Math.max(this.#changedNs, atNs);
  }

  timeOf(when: When): number {
    return typeof when === 'number' ? when : Number(when - this.clockBaseNs);
  }

  viewAt(cookie: Cookie, when: When): NetnsView | undefined {
    const history = this.#histories.get(keyOf(cookie));
    const atNs = this.timeOf(when);
    // After its end too: the last packets of a namespace may be told late, and its cookie is not used again.
    return history === undefined ? undefined : versionAt(history.versions, atNs);
  }

  /** When it was found first; -∞ for one that was there when we began to look. */
  bornNs(cookie: Cookie): number {
    return this.#histories.get(keyOf(cookie))?.bornNs ?? Number.NEGATIVE_INFINITY;
  }

  netnsAt(cookie: Cookie, when: When): NetnsSnapshot | undefined {
    return this.viewAt(cookie, when)?.snapshot;
  }

  linkAt(cookie: Cookie, ifindex: number, when: When): LinkSnapshot | undefined {
    const history = this.#histories.get(keyOf(cookie));
    if (history === undefined) return undefined;
    const atNs = this.timeOf(when);
    const link = versionAt(history.versions, atNs)?.link(ifindex);
    return link ?? linkNearby(history.versions, ifindex, atNs);
  }

  /** Namespaces that were there, in order of cookie. */
  all(when: When = this.#latestNs): NetnsView[] {
    const atNs = this.timeOf(when);
    const views: NetnsView[] = [];
    for (const { versions, goneNs } of this.#histories.values()) {
      const view = goneNs !== undefined && goneNs <= atNs ? undefined : versionAt(versions, atNs);
      if (view !== undefined) views.push(view);
    }
    return views.sort((a, b) => compareCookies(a.cookie, b.cookie));
  }

  ownersOf(ip: string, when: When = this.#latestNs): NetnsView[] {
    return this.all(when).filter(view => view.owner(ip) !== undefined);
  }

  own(when: When = this.#latestNs): NetnsView | undefined {
    return this.all(when).find(view => view.snapshot.own);
  }

  /** The other end of a veth, wherever it is. */
  peerOf(cookie: Cookie, ifindex: number, when: When = this.#latestNs): LinkEnd | undefined {
    const peer = this.linkAt(cookie, ifindex, when)?.peer;
    return peer?.netns === undefined ? undefined : this.#end(peer.netns, peer.ifindex, when);
  }

  /** The device below a VLAN, macvlan or tunnel. */
  lowerOf(cookie: Cookie, ifindex: number, when: When = this.#latestNs): LinkEnd | undefined {
    const lower = this.linkAt(cookie, ifindex, when)?.lower;
    return lower?.netns === undefined ? undefined : this.#end(lower.netns, lower.ifindex, when);
  }

  masterOf(cookie: Cookie, ifindex: number, when: When = this.#latestNs): LinkSnapshot | undefined {
    return this.viewAt(cookie, when)?.master(ifindex);
  }

  portsOf(cookie: Cookie, bridge: number, when: When = this.#latestNs): readonly LinkSnapshot[] {
    return this.viewAt(cookie, when)?.ports(bridge) ?? [];
  }

  /** The three below: `undefined` = the device is not known. */
  isTunnel(cookie: Cookie, ifindex: number, when: When = this.#latestNs): boolean | undefined {
    const link = this.linkAt(cookie, ifindex, when);
    return link && isTunnel(link);
  }

  isLoopback(cookie: Cookie, ifindex: number, when: When = this.#latestNs): boolean | undefined {
    const link = this.linkAt(cookie, ifindex, when);
    return link && isLoopback(link);
  }

  hasPeerInKernel(cookie: Cookie, ifindex: number, when: When = this.#latestNs): boolean | undefined {
    const link = this.linkAt(cookie, ifindex, when);
    return link && hasPeerInKernel(link);
  }

  addressesOf(cookie: Cookie, when: When = this.#latestNs): readonly AddressSnapshot[] {
    return this.viewAt(cookie, when)?.addresses() ?? [];
  }

  ownerOf(cookie: Cookie, ip: string, when: When = this.#latestNs): LinkSnapshot | undefined {
    return this.viewAt(cookie, when)?.owner(ip);
  }

  routeLookup(cookie: Cookie, ip: string, when: When = this.#latestNs): RouteAnswer | undefined {
    return this.viewAt(cookie, when)?.route(ip);
  }

  #end(cookie: string, ifindex: number, when: When): LinkEnd {
    const link = this.linkAt(cookie, ifindex, when);
    return { cookie, ifindex, ...(link === undefined ? {} : { link }) };
  }

  #forget(): void {
    for (const [key, { goneNs }] of this.#histories)
      if (goneNs !== undefined && this.#latestNs - goneNs > keepNs) this.#histories.delete(key);
  }
}

/** As `Event` carries cookies: the low 53 bits. */
export function keyOf(cookie: Cookie): number {
  if (typeof cookie === 'number') return cookie;
  return cookie.length <= 15 ? Number(cookie) : Number(BigInt.asUintN(53, BigInt(cookie)));
}

function compareCookies(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Busy hosts have new neighbours and processes all the time. They are listed, and stand in no answer but the name that a namespace
 * without one has from them.
 */
function answersTheSame(before: NetnsView, after: NetnsView): boolean {
  if (after.fromNs < before.fromNs) return false;
  const facts = (view: NetnsView): string => {
    const { names, own, inode, links, addresses, routes, ipForward } = view.snapshot;
    return JSON.stringify([
      [names, own, inode, links, addresses, routes, ipForward],
      [labelOf(view), containerOf(view)],
      evidenceOf(view),
    ]);
  };
  return facts(before) === facts(after);
}

/** Pods and containers that cgroups of its processes name: what it may be told by. */
function evidenceOf({ snapshot }: NetnsView): readonly string[] {
  const all = snapshot.processes.flatMap(({ pod, container }) => [pod, container]);
  return [...new Set(all.filter(each => each !== undefined))].sort();
}

/** Frames of one namespace come in order of time; a recording that was put together may not keep to it. */
function addVersion(history: History, view: NetnsView, latestNs: number): void {
  const { versions } = history;
  versions.push(view);
  if ((versions.at(-2)?.fromNs ?? 0) > view.fromNs) versions.sort((a, b) => a.fromNs - b.fromNs);
  // The one that held at the edge of the kept time is still needed.
  while (versions.length > versionsMax || (versions.length > 1 && latestNs - versions[1]!.fromNs > keepNs))
    versions.shift();
}

function versionAt(versions: readonly NetnsView[], atNs: number): NetnsView | undefined {
  for (let i = versions.length - 1; i >= 0; i--) if (versions[i]!.fromNs <= atNs) return versions[i];
  const first = versions[0];
  return first !== undefined && first.fromNs - atNs <= graceNs ? first : undefined;
}

/** It came with the version after this moment, or went with the one that holds: reading takes time. */
function linkNearby(versions: readonly NetnsView[], ifindex: number, atNs: number): LinkSnapshot | undefined {
  const after = versions.find(
    view => view.fromNs > atNs && view.fromNs - atNs <= graceNs && view.link(ifindex),
  );
  if (after !== undefined) return after.link(ifindex);
  const holding = versions.findLastIndex(view => view.fromNs <= atNs);
  const current = versions[holding];
  return current !== undefined && atNs - current.fromNs <= graceNs
    ? versions[holding - 1]?.link(ifindex)
    : undefined;
}
