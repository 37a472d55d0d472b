/** The daemon as a client sees it: its API over the unix socket, with the token that lies beside it. */
import { Client } from 'undici';
import { TracerError } from '../../base/errors.ts';
import { errorOf, gone } from './answers.ts';
import { LiveStream } from './live-stream.ts';

const CONNECT_MS = 1000;
/** A daemon that is busy with loading takes a second or two. */
const ANSWER_MS = 30_000;

export class DaemonClient {
  readonly socket: string;
  readonly #token: string;
  readonly #http: Client;

  private constructor(socket: string, token: string) {
    this.socket = socket;
    this.#token = token;
    this.#http = new Client('http://localhost', {
      socketPath: socket,
      connect: { timeout: CONNECT_MS },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
  }

  /** Undefined: nobody answers there. @throws what the daemon says, as to a wrong token. */
  static async find(socket: string, token: string): Promise<DaemonClient | undefined> {
    const client = new DaemonClient(socket, token);
    try {
      await client.get('/api/follows');
      return client;
    } catch (error) {
      await client.close();
      if (error instanceof TracerError && error.code === 'DAEMON_GONE') return undefined;
      throw error;
    }
  }

  /** @throws what the daemon says, with its code; DAEMON_GONE. */
  async get<T>(path: string): Promise<T> {
    const { statusCode, body } = await this.#ask(path);
    let answer: unknown;
    try {
      answer = await body.json();
    } catch (cause) {
      throw gone(this.socket, cause);
    }
    if (statusCode >= 400) throw errorOf(answer);
    return answer as T;
  }

  live(): Promise<LiveStream> {
    return LiveStream.open(this.socket, this.#token);
  }

  async close(): Promise<void> {
    await this.#http.destroy();
  }

  async #ask(path: string) {
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      return await this.#http.request({ method: 'GET', path, headers });
    } catch (cause) {
      throw gone(this.socket, cause);
    }
  }
}
