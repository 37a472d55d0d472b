/**
 * One client of the live stream. It has no queue: it has a place in the store's order of changes, and takes what comes after it when there
 * is room. So a client that reads slowly, or not at all, costs what the kernel and `bufferBytesMax` hold for it and nothing more; when
 * it is too far behind, it is taken forward and told so (`skipped`).
 */
import type { WebSocket } from 'ws';
import { type Filter, Matcher } from '../store/filter.ts';
import type { JourneyStore } from '../store/journey-store.ts';
import type { StoredFlow } from '../store/stored-flow.ts';
import type { StoredJourney } from '../store/stored-journey.ts';
import type { LiveCounts } from './live-hub.ts';
import type { LiveLimits } from './live-limits.ts';
import { finish } from './pages.ts';

export type Topic = 'journeys' | 'flows' | 'topology' | 'stats';

export interface Subscription {
  readonly topics: readonly Topic[];
  readonly filter?: Filter;
  readonly since?: number;
  readonly session?: string;
}

/** Text of an item; the same for all clients of one tick. */
export type Write = (item: StoredJourney | StoredFlow) => string | undefined;

interface Snapshot {
  readonly journeys: readonly StoredJourney[];
  readonly flows: readonly StoredFlow[];
  readonly seq: number;
}

export class LiveClient {
  /** Has it shown since the last ping that it lives? */
  isAlive = true;
  readonly #socket: WebSocket;
  readonly #store: JourneyStore;
  readonly #limits: LiveLimits;
  readonly #counts: LiveCounts;
  #topics: ReadonlySet<Topic> = new Set();
  #filter: Filter = {};
  #matcher = new Matcher({});
  /** All changes up to here have been sent, or were not asked for. Undefined: not subscribed, or its snapshot is being put together. */
  #seq: number | undefined;
  #snapshot: Snapshot | undefined;
  #subscriptions = 0;
  #topologyRev = -1;
  #sentChars = 0;
  /** Of those, when it was looked at last: about, a character may be more than a byte. */
  #taken = 0;

  constructor(socket: WebSocket, store: JourneyStore, limits: LiveLimits, counts: LiveCounts) {
    this.#socket = socket;
    this.#store = store;
    this.#limits = limits;
    this.#counts = counts;
  }

  /** What waits to be taken is as much as may. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount > this.#limits.bufferBytesMax;
  }

  /** Has it taken any of what it was sent, since this was asked last? It reads then, however slowly, and is alive. */
  hasTaken(): boolean {
    const taken = this.#sentChars - this.#socket.bufferedAmount;
    const isMore = taken > this.#taken;
    this.#taken = taken;
    return isMore;
  }

  wants(topic: Topic): boolean {
    return this.#topics.has(topic);
  }

  async subscribe({ topics, filter = {}, since, session }: Subscription): Promise<void> {
    const mine = ++this.#subscriptions;
    const isFirst = mine === 1;
    this.#topics = new Set(topics);
    this.#filter = filter;
    this.#matcher = new Matcher(filter);
    this.#topologyRev = -1;
    this.#seq = undefined;
    this.#snapshot = undefined;
    const { oldest, seq } = this.#store;
    const isOurs = session === undefined || session === this.#store.session;
    const isNear =
      since !== undefined && since <= seq && since >= oldest && seq - since <= this.#limits.lagMax;
    if (isOurs && isNear) {
      this.#seq = since;
      return;
    }
    if (!isFirst || since !== undefined) {
      this.#counts.resets++;
      this.send({ type: 'reset' });
    }
    const snapshot = await this.#takeSnapshot();
    // Another subscription may have come meanwhile.
    if (mine === this.#subscriptions) this.#snapshot = snapshot;
  }

  send(message: Readonly<Record<string, unknown>>): void {
    if (this.isFull) this.#counts.unsent++;
    else this.#write(JSON.stringify(message));
  }

  /** What is new since the last time, as far as there is room. */
  tick(write: Write): void {
    if (this.isFull || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#snapshot !== undefined) this.#sendSnapshot(this.#snapshot, write);
    else if (this.#seq !== undefined && this.#seq < this.#store.seq) this.#sendChanges(this.#seq, write);
  }

  /** `topology`, made when asked for; `stats` as text. */
  slowTick(topology: () => { readonly rev: number; readonly text: string }, stats: () => string): void {
    if (this.#seq === undefined || this.isFull) return;
    if (this.wants('topology')) {
      const { rev, text } = topology();
      if (rev !== this.#topologyRev) this.#sendBatch('topology', this.#seq, [text]);
      this.#topologyRev = rev;
    }
    if (this.wants('stats')) this.#sendBatch('stats', this.#seq, [stats()]);
  }

  async #takeSnapshot(): Promise<Snapshot> {
    const { seq } = this.#store;
    const range = { limit: this.#limits.snapshot };
    const journeys = this.wants('journeys') ? await finish(this.#store.journeys(this.#filter, range)) : [];
    const flows = this.wants('flows') ? await finish(this.#store.flows(this.#filter, range)) : [];
    return { journeys, flows, seq };
  }

  /** Piece by piece. Whoever comes back with the 0 of a piece has not got all of it, and begins anew. */
  #sendSnapshot({ journeys, flows, seq }: Snapshot, write: Write): void {
    const some = this.#texts(journeys, write);
    const others = some.taken < journeys.length ? { texts: [], taken: 0 } : this.#texts(flows, write);
    const isAll = some.taken === journeys.length && others.taken === flows.length;
    const rest = { journeys: journeys.slice(some.taken), flows: flows.slice(others.taken), seq };
    this.#snapshot = isAll ? undefined : rest;
    if (isAll) this.#seq = seq;
    const hasFlows = others.texts.length > 0;
    if (some.texts.length > 0) this.#sendBatch('journeys', isAll && !hasFlows ? seq : 0, some.texts);
    if (hasFlows) this.#sendBatch('flows', isAll ? seq : 0, others.texts);
  }

  #sendChanges(since: number, write: Write): void {
    const from = this.#forward(since);
    let seq = this.#store.seq;
    const texts: string[] = [];
    let chars = 0;
    if (this.wants('journeys')) {
      this.#store.journeysAfter(from, journey => {
        if (!this.#matcher.journey(journey)) return true;
        const text = write(journey)!;
        texts.push(text);
        chars += text.length;
        if (chars < this.#limits.batchCharsMax) return true;
        seq = journey.seq;
        return false;
      });
    }
    const flows = this.wants('flows') ? this.#flowTexts(from, seq, write) : [];
    this.#seq = seq;
    // Only the last message of this time says that all up to `seq` has come.
    if (texts.length > 0) this.#sendBatch('journeys', flows.length > 0 ? from : seq, texts);
    if (flows.length > 0) this.#sendBatch('flows', seq, flows);
  }

  #flowTexts(from: number, to: number, write: Write): string[] {
    const texts: string[] = [];
    this.#store.flowsAfter(from, flow => {
      if (flow.seq > to) return false;
      if (!this.#store.matchesFlow(flow, this.#matcher, this.#filter)) return true;
      const text = write(flow);
      if (text !== undefined) texts.push(text);
      return true;
    });
    return texts;
  }

  /** Where to go on from `since`: there, or nearer to the newest, and then the client is told. */
  #forward(since: number): number {
    const { seq, oldest } = this.#store;
    const isEvicted = since < oldest;
    if (!isEvicted && seq - since <= this.#limits.lagMax) return since;
    const to = Math.max(oldest, seq - this.#limits.snapshot);
    this.#counts.skips++;
    this.#counts.skipped += to - since;
    this.#write(
      JSON.stringify({
        type: 'skipped',
        from: since,
        to,
        count: to - since,
        reason: isEvicted ? 'evicted' : 'slow',
      }),
    );
    return to;
  }

  /** As many as fit in one message. */
  #texts(
    items: readonly (StoredJourney | StoredFlow)[],
    write: Write,
  ): { readonly texts: readonly string[]; readonly taken: number } {
    const texts: string[] = [];
    let chars = 0;
    let taken = 0;
    while (taken < items.length && chars < this.#limits.batchCharsMax) {
      const item = items[taken++]!;
      // Evicted meanwhile.
      const text = item.seq === 0 ? undefined : write(item);
      if (text === undefined) continue;
      texts.push(text);
      chars += text.length;
    }
    return { texts, taken };
  }

  #sendBatch(type: Topic, seq: number, items: readonly string[]): void {
    this.#write(`{"type":"${type}","seq":${seq},"items":[${items.join(',')}]}`);
  }

  #write(text: string): void {
    this.#counts.messages++;
    this.#sentChars += text.length;
    this.#socket.send(text);
  }
}
