/** Real clients of a listening server. */
import { WebSocket } from 'ws';
import { bearer } from './daemon.ts';

export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client of the live stream: what it was told, and waiting for what it is to be told. */
export class LiveClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, headers: Record<string, string> = bearer) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('message', data => {
      this.messages.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#wake();
    });
    this.socket.on('error', () => {});
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** When this holds; looked at whenever something comes. */
  until(holds: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The first message of a kind that has come, or will, after the first `after`. */
  async next(type: string, after = 0): Promise<Message> {
    const find = () => this.messages.slice(after).find(message => message.type === type);
    await this.until(() => find() !== undefined);
    return find()!;
  }

  /** Of journeys or flows, in the order in which they came. */
  items(type: 'journeys' | 'flows'): readonly { readonly id: string; readonly rev: number }[] {
    return this.messages.flatMap(message =>
      message.type === type ? (message.items as { id: string; rev: number }[]) : [],
    );
  }

  /** Up to where all has come, as the last message says. */
  get seq(): number {
    return Number(this.messages.findLast(({ type, seq }) => type !== 'hello' && seq !== undefined)?.seq);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.until(() => this.closed !== undefined);
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}
