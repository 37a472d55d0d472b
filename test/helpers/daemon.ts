/** A daemon as users have it, and clients of its API that know nothing of its insides. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { JourneyVersion } from '../../src/model/journey.ts';
import type { Stats } from '../../src/model/stats.ts';
import { RunningTracer } from './cli.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what an API answers is what the test looks at
  readonly body: any;
}

export class RunningDaemon {
  readonly socket: string;
  readonly run: RunningTracer;
  readonly #http: Client;

  private constructor(socket: string, run: RunningTracer) {
    this.socket = socket;
    this.run = run;
    this.#http = new Client('http://localhost', { socketPath: socket });
    onTestFinished(() => this.#http.destroy());
  }

  /** Attached and listening, with a socket of its own. */
  static async start(args: readonly string[] = [], socket = freshSocket()): Promise<RunningDaemon> {
    const run = new RunningTracer(['daemon', '--socket', socket, '--port', '0', ...args]);
    await run.says('stderr', /^tracer: the API: /m);
    return new RunningDaemon(socket, run);
  }

  get token(): string {
    return readFileSync(`${this.socket}.token`, 'utf8').trim();
  }

  async ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const answer = await this.#http.request({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Of a route that answers with bytes. */
  async fetch(path: string): Promise<Uint8Array> {
    const headers = { authorization: `Bearer ${this.token}` };
    const { body } = await this.#http.request({ method: 'GET', path, headers });
    return new Uint8Array(await body.arrayBuffer());
  }

  async stats(): Promise<Stats> {
    return (await this.ask('GET', '/api/stats')).body;
  }

  live(): Promise<LiveClient> {
    return LiveClient.open(this.socket, this.token);
  }
}

function freshSocket(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-daemon-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'tracer.sock');
}

// biome-ignore lint/suspicious/noExplicitAny: as above
type Message = any;

/** Of `/api/live`. */
export class LiveClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', data => {
      this.messages.push(JSON.parse(String(data)));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
  }

  static async open(path: string, token: string): Promise<LiveClient> {
    const socket = new WebSocket(`ws+unix:${path}:/api/live`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const client = new LiveClient(socket);
    await client.first(({ type }) => type === 'hello');
    return client;
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message that fits, also one that has come. */
  async first(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await this.#wake.promise;
    }
  }

  /** The last version of each journey that came, by id. */
  get journeys(): Map<string, JourneyVersion> {
    const items = this.messages.filter(({ type }) => type === 'journeys').flatMap(({ items }) => items);
    return new Map(items.map((journey: JourneyVersion) => [journey.id, journey]));
  }

  /** Resolves with the journeys once they fit. */
  async until(fits: (journeys: readonly JourneyVersion[]) => boolean): Promise<readonly JourneyVersion[]> {
    for (;;) {
      const journeys = [...this.journeys.values()];
      if (fits(journeys)) return journeys;
      await this.#wake.promise;
    }
  }
}
