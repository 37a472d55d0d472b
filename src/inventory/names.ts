/**
 * The words for places and addresses, as they were at a packet's time.
 *
 * No name is ever wrong: the same address means another pod in each lab and each kind cluster on the machine, so an
 * address is named by the cluster that the namespace belongs to in which it was seen. Seen from outside of any cluster, it
 * is named by whoever owns it among the namespaces that are linked to the viewer. Where two fit it stays an address.
 */
import type { ClusterFrame } from '../model/inventory.ts';
import type { Endpoint } from '../model/journey.ts';
import { type Answer, findAnswer } from './answers.ts';
import { ClusterBook } from './cluster-book.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Cookie, Inventory, When } from './inventory.ts';
import { type Found, memberOf } from './members.ts';
import type { NetnsView } from './netns-view.ts';
import { containerLabel, containerOf, labelOf, type Place, placeOfMember } from './place.ts';

/** As long as a gone namespace is remembered. */
const keepNs = 60e9;
/** Addresses that are remembered with who they are. */
const answersMax = 50_000;

export class Names {
  readonly inventory: Inventory;
  readonly #clusters = new Map<string, ClusterBook>();
  #rev = 0;
  #places = new WeakMap<NetnsView, { readonly stamp: number; readonly place: Place }>();
  #members = new WeakMap<NetnsView, { readonly stamp: number; readonly found: Found | undefined }>();
  #answers = new Map<Cookie, Map<string, Answer>>();
  #answerCount = 0;
  #answersRev = -1;
  #changedNs = Number.NEGATIVE_INFINITY;

  constructor(inventory: Inventory, clusters: readonly ClusterFrame[] = []) {
    this.inventory = inventory;
    for (const cluster of clusters) this.apply(cluster);
  }

  /** Time of the newest that was told of namespaces or clusters. */
  get latestNs(): number {
    return Math.max(this.inventory.latestNs, this.#changedNs);
  }

  /** Grows with each version of a cluster. */
  get rev(): number {
    return this.#rev;
  }

  /** Grows with everything that changes an answer. Both revisions only grow, so their sum never repeats. */
  get stamp(): number {
    return this.#rev + this.inventory.answersRev;
  }

  /** Answers about times from here on are the same for all of them, as long as `stamp` is. */
  get settledNs(): number {
    return Math.max(this.#changedNs, this.inventory.settledNs);
  }

  /** What a cluster says, from the time that it says on, else from `when` on. Its first also tells what was before. */
  apply(frame: ClusterFrame, when?: When): void {
    const atNs = this.inventory.timeOf(
      frame.timeNs === undefined ? (when ?? this.latestNs) : BigInt(frame.timeNs),
    );
    const book = this.#clusters.get(frame.name) ?? new ClusterBook(frame.name);
    this.#clusters.set(frame.name, book);
    if (!book.apply(frame, atNs)) return;
    book.forget(atNs - keepNs);
    this.#changedNs = Math.max(this.#changedNs, atNs);
    this.#rev += 1;
  }

  clustersAt(when: When = this.latestNs): ClusterIndex[] {
    const atNs = this.inventory.timeOf(when);
    return [...this.#clusters.values()].flatMap(book => book.at(atNs) ?? []);
  }

  /** Which pod or node of which cluster it is. */
  memberOf(view: NetnsView, atNs: number): Found | undefined {
    const recent = atNs >= this.settledNs;
    const stamp = this.stamp;
    const cached = recent ? this.#members.get(view) : undefined;
    if (cached?.stamp === stamp) return cached.found;
    const found = memberOf(view, this.clustersAt(atNs), this.inventory, atNs);
    if (recent) this.#members.set(view, { stamp, found });
    return found;
  }

  /** Undefined: the namespace is not known (yet). */
  placeOf(cookie: Cookie, when: When = this.latestNs): Place | undefined {
    const view = this.inventory.viewAt(cookie, when);
    return view && this.placeIn(view, this.inventory.timeOf(when));
  }

  placeIn(view: NetnsView, atNs: number): Place {
    const recent = atNs >= this.#changedNs;
    const stamp = this.stamp;
    const cached = recent ? this.#places.get(view) : undefined;
    if (cached?.stamp === stamp) return cached.place;
    const place = this.#findPlace(view, atNs);
    if (recent) this.#places.set(view, { stamp, place });
    return place;
  }

  #findPlace(view: NetnsView, atNs: number): Place {
    const found = this.memberOf(view, atNs);
    if (found !== undefined) return placeOfMember(found.member, found.index, view);
    const netnsName = view.snapshot.names[0];
    const common = { ...(netnsName === undefined ? {} : { netnsName }) };
    if (view.snapshot.own) return { kind: 'host', node: 'host', label: 'host', ...common };
    const container = containerOf(view);
    if (container !== undefined)
      return { kind: 'container', label: containerLabel(view, container), container, ...common };
    return { kind: 'netns', label: labelOf(view), ...common };
  }

  /** Who `ip` (and `port`) is, as seen in the viewer's namespace. Always an answer: `unknown` keeps the address. */
  endpointOf(ip: string, port: number | undefined, proto: string, viewer: Cookie, when: When): Endpoint {
    const atNs = this.inventory.timeOf(when);
    const at = port === undefined ? { ip } : { ip, port };
    return this.#answer(ip, viewer, atNs)(at, proto);
  }

  /** Kept for the present only: what is asked of the past is rare and may differ. */
  #answer(ip: string, viewer: Cookie, atNs: number): Answer {
    if (atNs < this.#changedNs || atNs < this.inventory.changedNs) return findAnswer(ip, viewer, atNs, this);
    if (this.#answersRev !== this.stamp || this.#answerCount > answersMax) {
      this.#answers.clear();
      this.#answerCount = 0;
      this.#answersRev = this.stamp;
    }
    const ofViewer = this.#answers.get(viewer) ?? new Map<string, Answer>();
    this.#answers.set(viewer, ofViewer);
    let answer = ofViewer.get(ip);
    if (answer === undefined) {
      answer = findAnswer(ip, viewer, atNs, this);
      ofViewer.set(ip, answer);
      this.#answerCount += 1;
    }
    return answer;
  }
}
