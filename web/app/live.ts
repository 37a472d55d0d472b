/**
 * The live stream (docs/api.md): connects, subscribes, and comes back after a lost connection where it was. It keeps nothing but its
 * place; what comes is told to `LiveListener`.
 */
import type { FlowVersion } from '../../src/model/flow.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import type { Topology } from '../../src/model/topology.ts';

export interface Skipped {
  /** Changes that were passed over. */
  readonly count: number;
  readonly reason: 'slow' | 'evicted';
}

export interface LiveListener {
  /** Connected, and by which session. */
  readonly onOpen: (session: string) => void;
  readonly onJourneys: (items: readonly JourneyVersion[]) => void;
  readonly onFlows: (items: readonly FlowVersion[]) => void;
  readonly onTopology: (topology: Topology) => void;
  readonly onStats: (stats: Stats) => void;
  /** Forget what you have: a snapshot follows. */
  readonly onReset: () => void;
  readonly onSkipped: (skipped: Skipped) => void;
  /** A message made no sense, or was far too large: it was left out. */
  readonly onMalformed: () => void;
  /** The connection is gone; the next attempt is due in this many ms. */
  readonly onLost: (retryMs: number) => void;
}

/** The part of a WebSocket that is used: tests bring another. */
export interface LiveSocket {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface LiveOptions {
  readonly connect: () => LiveSocket;
  readonly wait: (ms: number, then: () => void) => void;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;
/** What the daemon sends at most, and some: whatever is larger is not its own. */
const MESSAGE_CHARS_MAX = 64 * 1024 * 1024;

type Message = { readonly type?: unknown; readonly seq?: unknown; readonly items?: unknown };

export class Live {
  readonly #options: LiveOptions;
  readonly #listener: LiveListener;
  #socket: LiveSocket | undefined;
  #session: string | undefined;
  /** All changes up to here have come. Undefined: none, or not known. */
  #seq: number | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isEnded = false;

  constructor(options: LiveOptions, listener: LiveListener) {
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    this.#isEnded = false;
    const socket = this.#options.connect();
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#hear(data);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#again();
    };
  }

  stop(): void {
    this.#isEnded = true;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #again(): void {
    this.#socket = undefined;
    if (this.#isEnded) return;
    const waitMs = this.#retryMs;
    this.#retryMs = Math.min(2 * waitMs, LONGEST_RETRY_MS);
    this.#listener.onLost(waitMs);
    this.#options.wait(waitMs, () => {
      if (!this.#isEnded && this.#socket === undefined) this.start();
    });
  }

  #hear(data: unknown): void {
    const message = messageOf(data);
    if (message === undefined) {
      this.#listener.onMalformed();
      return;
    }
    const { type, seq, items } = message;
    if (type === 'hello') this.#begin(message);
    else if (type === 'reset') this.#forget();
    else if (type === 'skipped') this.#skipped(message);
    else if (Array.isArray(items)) this.#items(type, items);
    // A piece of a snapshot has 0: it is not all yet.
    if (type !== 'hello' && typeof seq === 'number' && seq > 0) this.#seq = seq;
  }

  #begin(message: Message): void {
    const { session } = message as { readonly session?: unknown };
    if (typeof session !== 'string') return;
    this.#retryMs = FIRST_RETRY_MS;
    const place =
      this.#seq === undefined || this.#session === undefined
        ? {}
        : { since: this.#seq, session: this.#session };
    this.#session = session;
    this.#listener.onOpen(session);
    const topics = ['journeys', 'flows', 'topology', 'stats'];
    this.#socket?.send(JSON.stringify({ type: 'subscribe', topics, ...place }));
  }

  #forget(): void {
    this.#seq = undefined;
    this.#listener.onReset();
  }

  #skipped(message: Message): void {
    const { count, reason } = message as { readonly count?: unknown; readonly reason?: unknown };
    if (typeof count !== 'number') return;
    this.#listener.onSkipped({ count, reason: reason === 'evicted' ? 'evicted' : 'slow' });
  }

  #items(type: unknown, items: readonly unknown[]): void {
    const whole = items.filter(item => typeof item === 'object' && item !== null);
    if (type === 'journeys') this.#listener.onJourneys(whole as readonly JourneyVersion[]);
    else if (type === 'flows') this.#listener.onFlows(whole as readonly FlowVersion[]);
    else if (type === 'topology' && whole[0] !== undefined) this.#listener.onTopology(whole[0] as Topology);
    else if (type === 'stats' && whole[0] !== undefined) this.#listener.onStats(whole[0] as Stats);
  }
}

function messageOf(data: unknown): Message | undefined {
  if (typeof data !== 'string' || data.length > MESSAGE_CHARS_MAX) return undefined;
  try {
    const message: unknown = JSON.parse(data);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
