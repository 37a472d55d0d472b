/**
 * The words for places and addresses, as they were at a packet's time.
 *
 * No name is ever wrong: the same address means another pod in each lab and each kind cluster on the machine, so an
 * address is named by the cluster that the namespace belongs to in which it was seen. Seen from outside of any cluster, it
 * is named by whoever owns it among the namespaces that are linked to the viewer. Where two fit it stays an address.
 */
import type { ClusterSnapshot } from '../model/inventory.ts';
import type { Endpoint } from '../model/journey.ts';
import { type Answer, findAnswer } from './answers.ts';
import { ClusterIndex } from './cluster-index.ts';
import type { Cookie, Inventory, When } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';
import { containerLabel, containerOf, labelOf, type Place, placeOfMember } from './place.ts';

/** As long as a gone namespace is remembered. */
const keepNs = 60e9;
/** Addresses that are remembered with who they are. */
const answersMax = 50_000;

interface Version {
  readonly fromNs: number;
  /** Absent: the cluster is gone. */
  readonly index?: ClusterIndex;
}

export class Names {
  readonly inventory: Inventory;
  readonly #clusters = new Map<string, Version[]>();
  #rev = 0;
  #places = new WeakMap<NetnsView, { readonly stamp: number; readonly place: Place }>();
  #answers = new Map<Cookie, Map<string, Answer>>();
  #answerCount = 0;
  #answersRev = -1;
  #changedNs = Number.NEGATIVE_INFINITY;

  constructor(inventory: Inventory, clusters: readonly ClusterSnapshot[] = []) {
    this.inventory = inventory;
    for (const cluster of clusters) this.apply(cluster);
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

  /** A cluster's new state, from then on. Its first also tells what was before: nothing else does. */
  apply(cluster: ClusterSnapshot, when?: When): void {
    this.#add(cluster.name, new ClusterIndex(cluster), when);
  }

  /** The cluster is gone from then on. */
  remove(name: string, when?: When): void {
    if (this.#clusters.has(name)) this.#add(name, undefined, when);
  }

  #add(name: string, index: ClusterIndex | undefined, when: When | undefined): void {
    const known = this.#clusters.get(name) ?? [];
    const fromNs =
      known.length === 0 ? Number.NEGATIVE_INFINITY : this.inventory.timeOf(when ?? this.inventory.latestNs);
    const versions = known.filter(version => version.fromNs < fromNs);
    versions.push(index === undefined ? { fromNs } : { fromNs, index });
    while (versions.length > 1 && fromNs - versions[1]!.fromNs > keepNs) versions.shift();
    this.#clusters.set(name, versions);
    this.#changedNs = Math.max(this.#changedNs, fromNs);
    this.#rev += 1;
  }

  clustersAt(when: When = this.inventory.latestNs): ClusterIndex[] {
    const atNs = this.inventory.timeOf(when);
    const found: ClusterIndex[] = [];
    for (const versions of this.#clusters.values()) {
      const index = versions.findLast(version => version.fromNs <= atNs)?.index;
      if (index !== undefined) found.push(index);
    }
    return found;
  }

  /** Undefined: the namespace is not known (yet). */
  placeOf(cookie: Cookie, when: When = this.inventory.latestNs): Place | undefined {
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
    for (const index of this.clustersAt(atNs)) {
      const member = index.member(view, this.inventory, atNs);
      if (member !== undefined) return placeOfMember(member, index, view);
    }
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
