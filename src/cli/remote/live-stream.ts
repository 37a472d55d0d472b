/** `/api/live` of the daemon. What it follows for this connection ends with it, also when this process is killed. */
import { WebSocket } from 'ws';
import type { TracerError } from '../../base/errors.ts';
import type { FollowRequest } from '../../model/follow.ts';
import type { JourneyVersion } from '../../model/journey.ts';
import type { Follow } from '../../server/control.ts';
import { errorOf, gone } from './answers.ts';

export interface LiveEvents {
  /** In order. Open ones too, and amended ones again. */
  readonly onJourneys: (journeys: readonly JourneyVersion[]) => void;
  /** Changes that this client was too slow for, or that the daemon had no room for. */
  readonly onSkipped: (count: number) => void;
  /** It ended by itself. */
  readonly onGone: (error: TracerError) => void;
}

type Message =
  | { readonly type: 'hello'; readonly session: string; readonly seq: number }
  | { readonly type: 'journeys'; readonly seq: number; readonly items: readonly JourneyVersion[] }
  | { readonly type: 'skipped'; readonly to: number; readonly count: number }
  | { readonly type: 'followed'; readonly follow: Follow }
  | { readonly type: 'unfollowed'; readonly id: string }
  | { readonly type: 'error' };

export class LiveStream {
  readonly session: string;
  readonly #path: string;
  readonly #socket: WebSocket;
  #events: LiveEvents | undefined;
  #answer: { resolve: (follow: Follow) => void; reject: (error: Error) => void } | undefined;
  readonly #endings = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  #isClosed = false;
  /** Every change up to here has come. */
  seq: number;

  private constructor(path: string, socket: WebSocket, hello: Extract<Message, { type: 'hello' }>) {
    this.#path = path;
    this.#socket = socket;
    this.session = hello.session;
    this.seq = hello.seq;
    socket.on('message', data => this.#hear(JSON.parse(String(data)) as Message));
    socket.on('close', () => this.#onClose());
    socket.on('error', () => {}); // close comes after it
  }

  static open(path: string, token: string): Promise<LiveStream> {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws+unix:${path}:/api/live`, { headers });
    return new Promise((resolve, reject) => {
      const fail = (cause?: unknown): void => reject(gone(path, cause));
      socket.once('error', fail).once('close', fail);
      socket.once('message', data => {
        const hello = JSON.parse(String(data)) as Message;
        socket.off('error', fail).off('close', fail);
        if (hello.type === 'hello') resolve(new LiveStream(path, socket, hello));
        else fail();
      });
    });
  }

  /** Resolves when it is in force. @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE, FILTER_FULL, DAEMON_GONE. */
  follow(request: FollowRequest): Promise<Follow> {
    const answer = Promise.withResolvers<Follow>();
    if (this.#isClosed) return Promise.reject(gone(this.#path));
    this.#answer = answer;
    this.#socket.send(JSON.stringify({ type: 'follow', request }));
    return answer.promise;
  }

  /** One follower less. Resolves when all that happened before has been told. @throws DAEMON_GONE. */
  unfollow(id: string): Promise<void> {
    const ending = Promise.withResolvers<void>();
    if (this.#isClosed) return Promise.reject(gone(this.#path));
    this.#endings.set(id, ending);
    this.#socket.send(JSON.stringify({ type: 'unfollow', id }));
    return ending.promise;
  }

  /** Journeys from `seq` on. */
  subscribe(events: LiveEvents): void {
    this.#events = events;
    this.#socket.send(
      JSON.stringify({ type: 'subscribe', topics: ['journeys'], since: this.seq, session: this.session }),
    );
  }

  close(): void {
    this.#events = undefined;
    this.#isClosed = true;
    this.#socket.close();
  }

  #hear(message: Message): void {
    switch (message.type) {
      case 'journeys':
        this.seq = Math.max(this.seq, message.seq);
        this.#events?.onJourneys(message.items);
        break;
      case 'skipped':
        this.seq = Math.max(this.seq, message.to);
        this.#events?.onSkipped(message.count);
        break;
      case 'followed':
        this.#answer?.resolve(message.follow);
        break;
      case 'unfollowed':
        this.#endings.get(message.id)?.resolve();
        this.#endings.delete(message.id);
        break;
      case 'error':
        this.#answer?.reject(errorOf(message));
        break;
      default:
        break;
    }
  }

  #onClose(): void {
    this.#isClosed = true;
    const error = gone(this.#path);
    this.#answer?.reject(error);
    for (const ending of this.#endings.values()) ending.reject(error);
    this.#events?.onGone(error);
  }
}
