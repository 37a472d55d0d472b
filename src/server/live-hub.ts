/** The live stream, `/api/live`: who is connected, and one clock for all of them. */
import { Compile } from 'typebox/compile';
import type { RawData, WebSocket } from 'ws';
import { TracerError } from '../base/errors.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { JourneyStore } from '../store/journey-store.ts';
import { StoredJourney } from '../store/stored-journey.ts';
import { bodyOf } from './api-errors.ts';
import { LiveFollow, LiveUnfollow, Subscribe } from './api-schemas.ts';
import type { Control } from './control.ts';
import { LiveClient, type Subscription, type Write } from './live-client.ts';
import { LiveFollows } from './live-follows.ts';
import { type LiveLimits, liveLimits } from './live-limits.ts';
import { mistakeIn } from './validation.ts';

export interface LiveCounts {
  messages: number;
  /** Times that a client was taken forward, and changes that this passed over. */
  skips: number;
  skipped: number;
  /** Clients that had to begin anew. */
  resets: number;
  /** Answers to a client that takes none. */
  unsent: number;
  /** Messages that made no sense. */
  malformed: number;
  /** Clients that did not live any more, or said too much. */
  dropped: number;
}

const POLICY = 1008;
const GOING_AWAY = 1001;
const schemas = {
  subscribe: Compile(Subscribe),
  follow: Compile(LiveFollow),
  unfollow: Compile(LiveUnfollow),
};

type Message =
  | ({ readonly type: 'subscribe' } & Subscription)
  | { readonly type: 'follow'; readonly request: FollowRequest }
  | { readonly type: 'unfollow'; readonly id: string };

export class LiveHub {
  readonly counts: LiveCounts = {
    messages: 0,
    skips: 0,
    skipped: 0,
    resets: 0,
    unsent: 0,
    malformed: 0,
    dropped: 0,
  };
  readonly #control: Control;
  readonly #store: JourneyStore;
  readonly #limits: LiveLimits;
  readonly #onInternal: (error: unknown) => void;
  readonly #clients = new Map<WebSocket, LiveClient>();
  #timers: NodeJS.Timeout[] = [];
  #tickTimer: NodeJS.Timeout | undefined;
  /** Something changed after a time in which nothing was sent: it need not wait. */
  #tickSoon: NodeJS.Immediate | undefined;
  /** When anything was sent last; ms. */
  #sentAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    control: Control,
    store: JourneyStore,
    onInternal: (error: unknown) => void,
    limits: Partial<LiveLimits> = {},
  ) {
    this.#control = control;
    this.#onInternal = onInternal;
    this.#store = store;
    this.#limits = { ...liveLimits, ...limits };
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Sent and not taken yet, of all clients. */
  get heldBytes(): number {
    let bytes = 0;
    for (const socket of this.#clients.keys()) bytes += socket.bufferedAmount;
    return bytes;
  }

  /** @throws TOO_BUSY. */
  requireRoom(): void {
    if (this.#clients.size >= this.#limits.clientsMax)
      throw new TracerError('TOO_BUSY', `${this.#clients.size} clients are connected already`);
  }

  add(socket: WebSocket): void {
    const client = new LiveClient(socket, this.#store, this.#limits, this.counts);
    const follows = new LiveFollows(this.#control);
    this.#clients.set(socket, client);
    let budget = this.#limits.messagesPerSecond * 2;
    const refill = setInterval(() => {
      budget = Math.min(budget + this.#limits.messagesPerSecond, this.#limits.messagesPerSecond * 2);
    }, 1000).unref();
    socket.on('message', (data, isBinary) => {
      client.isAlive = true;
      if (budget-- <= 0) return this.#drop(socket, 'too many messages');
      void this.#hear(client, follows, data, isBinary);
    });
    socket.on('ping', data => {
      client.isAlive = true;
      // Who pings and takes no answer would fill our memory.
      if (!client.isFull) socket.pong(data);
    });
    socket.on('pong', () => {
      client.isAlive = true;
    });
    // What is wrong with a frame closes the connection; that is all there is to do.
    socket.on('error', () => this.counts.malformed++);
    socket.on('close', () => {
      clearInterval(refill);
      follows.release().catch(this.#onInternal);
      this.#clients.delete(socket);
      if (this.#clients.size === 0) this.#rest();
    });
    if (this.#timers.length === 0) this.#run();
    client.send({ type: 'hello', session: this.#store.session, seq: this.#store.seq, schema: 1 });
  }

  close(): void {
    this.#rest();
    for (const socket of this.#clients.keys()) socket.close(GOING_AWAY, 'the daemon ends');
    // Who does not answer is not waited for.
    for (const socket of this.#clients.keys()) if (socket.bufferedAmount > 0) socket.terminate();
  }

  async #hear(client: LiveClient, follows: LiveFollows, data: RawData, isBinary: boolean): Promise<void> {
    try {
      await this.#obey(client, follows, parse(isBinary ? undefined : String(data)));
    } catch (error) {
      if (!(error instanceof TracerError)) {
        this.#onInternal(error);
        return;
      }
      this.counts.malformed++;
      client.send({ type: 'error', ...bodyOf(error) });
    }
  }

  async #obey(client: LiveClient, follows: LiveFollows, message: Message): Promise<void> {
    switch (message.type) {
      case 'subscribe':
        await client.subscribe(message);
        return this.#onChange();
      case 'follow':
        return client.send({ type: 'followed', follow: await follows.follow(message.request) });
      case 'unfollow':
        await follows.unfollow(message.id);
        return client.send({ type: 'unfollowed', id: message.id });
    }
  }

  #run(): void {
    const { slowTickMs, pingMs } = this.#limits;
    this.#tickAgain();
    this.#store.onChange(() => this.#onChange());
    this.#timers = [
      setInterval(() => this.#guarded(() => this.#slowTick()), slowTickMs),
      setInterval(() => this.#guarded(() => this.#ping()), pingMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** A mistake in one tick is told, and the next one goes on. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onInternal(error);
    }
  }

  /** What comes after a pause goes out at once, and what comes then with the next batch: at most one in `tickMs`. */
  #onChange(): void {
    if (this.#tickSoon !== undefined || performance.now() - this.#sentAtMs < this.#limits.tickMs) return;
    this.#tickSoon = setImmediate(() => this.#tickAgain());
  }

  #tickAgain(): void {
    clearTimeout(this.#tickTimer);
    clearImmediate(this.#tickSoon);
    this.#tickSoon = undefined;
    const { messages } = this.counts;
    this.#guarded(() => this.#tick());
    if (this.counts.messages > messages) this.#sentAtMs = performance.now();
    this.#tickTimer = setTimeout(() => this.#tickAgain(), this.#limits.tickMs).unref();
  }

  #rest(): void {
    this.#store.onChange(undefined);
    clearTimeout(this.#tickTimer);
    clearImmediate(this.#tickSoon);
    this.#tickSoon = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #tick(): void {
    const texts = new Map<unknown, string | undefined>();
    const write: Write = item => {
      if (texts.has(item)) return texts.get(item);
      const version = item instanceof StoredJourney ? item.version() : this.#store.flowVersion(item);
      const text = version === undefined ? undefined : JSON.stringify(version);
      texts.set(item, text);
      return text;
    };
    for (const client of this.#clients.values()) client.tick(write);
  }

  #slowTick(): void {
    const topology = once(() => {
      const made = this.#control.topology();
      return { rev: made.rev, text: JSON.stringify(made) };
    });
    const stats = once(() => JSON.stringify(this.#control.stats()));
    for (const client of this.#clients.values()) client.slowTick(topology, stats);
  }

  #ping(): void {
    for (const [socket, client] of this.#clients) {
      if (!client.isAlive && !client.hasTaken()) {
        this.counts.dropped++;
        socket.terminate();
        continue;
      }
      client.isAlive = false;
      // Into a full buffer there is no need: that it takes something is the answer.
      if (!client.isFull) socket.ping();
    }
  }

  #drop(socket: WebSocket, why: string): void {
    if (socket.readyState !== socket.OPEN) return;
    this.counts.dropped++;
    socket.close(POLICY, why);
    socket.pause();
    setTimeout(() => socket.terminate(), 1000).unref();
  }
}

/** @throws USAGE. */
function parse(text: string | undefined): Message {
  const hint = 'send {"type":"subscribe","topics":["journeys"]}; see docs/api.md';
  if (text === undefined) throw new TracerError('USAGE', 'messages are text', { hint });
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new TracerError('USAGE', 'the message is not JSON', { hint });
  }
  const { type } = Object(message) as { readonly type?: unknown };
  const schema = schemas[type as keyof typeof schemas] ?? schemas.subscribe;
  if (schema.Check(message)) return message as Message;
  throw new TracerError('USAGE', `message${mistakeIn(schema.Errors(message))}`, { hint });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
