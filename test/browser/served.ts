/** The real server with recorded packets in its store, to which more can come. */
import { onTestFinished } from 'vitest';
import { pageFolder } from '../../src/daemon/sockets.ts';
import type { Journey } from '../../src/model/journey.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { type Daemon, daemon, TOKEN } from '../unit/server/daemon.ts';

export class Served {
  readonly #daemon: Daemon;
  #server: Server;
  port = 0;

  private constructor(recording: string) {
    this.#daemon = daemon({ page: pageFolder }, recording);
    this.#server = this.#daemon.server;
  }

  static async start(recording = 'flannel-service-cross-node', port = 0): Promise<Served> {
    const served = new Served(recording);
    onTestFinished(() => served.stop());
    served.port = await served.#server.listenTcp('127.0.0.1', port);
    return served;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As it is printed; `query` is what the page would show. */
  address(query = ''): string {
    return `${this.origin}/${query}#t=${TOKEN}`;
  }

  get recorded(): readonly Journey[] {
    return this.#daemon.recorded.journeys;
  }

  /** So many more packets like the first one that was recorded, each with a number and a conversation of its own. */
  more(count: number, from = 1000, change: Partial<Journey> = {}): void {
    const [first] = this.recorded;
    for (let id = from; id < from + count; id++) {
      const startNs = String(BigInt(first!.startNs) + BigInt(id) * 1_000_000n);
      this.#daemon.store.put({ ...first!, ...change, id: String(id), flow: String(id), startNs });
    }
  }

  stop(): Promise<void> {
    return this.#server.close();
  }

  /** With what it had. */
  async again(): Promise<void> {
    this.#server = createServer(this.#daemon.runtime, this.#daemon.store, { token: TOKEN, page: pageFolder });
    await this.#server.listenTcp('127.0.0.1', this.port);
  }
}
