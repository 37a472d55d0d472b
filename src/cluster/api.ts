/** One API server: lists in pages, watches as lines. TLS, tokens, certificates, plugins and proxies are the Kubernetes client's. */
import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import { isRow, type Row, row, rows, text } from './objects.ts';

/** Of a page. */
const PAGE = 500;
/** A server that is one answers sooner; a plugin may have to ask another server. */
const ANSWER_MS = 20_000;
/** The largest that an API server keeps is 1.5 MB (etcd's limit); it may be written with blanks. */
const LINE_MAX = 16 * 1024 * 1024;

/** What went wrong, in a form that says what to do about it. */
export class ApiError extends Error {
  readonly status: number | undefined;

  /** `status`: of HTTP, or what a watch says; absent: no answer came. */
  constructor(message: string, status?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

type Query = Readonly<Record<string, string>>;

export interface WatchOptions {
  /** So long without anything said means that nobody may be there any more. */
  readonly silentMs: number;
  readonly signal: AbortSignal;
  /** The server has taken it. */
  readonly onOpen: () => void;
}

interface Secured {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher | undefined;
}

export class ClusterApi {
  readonly #config: KubeConfig;
  readonly #server: string;
  readonly #answerMs: number;

  constructor(config: KubeConfig, server: string, answerMs = ANSWER_MS) {
    this.#config = config;
    this.#server = server.replace(/\/+$/, '');
    this.#answerMs = answerMs;
  }

  /** All objects of a kind, and the version from which on to watch. @throws ApiError */
  async list(path: string, signal: AbortSignal): Promise<{ objects: Row[]; version: string }> {
    const secured = await this.#secured(signal);
    try {
      return await this.#pages(path, secured, PAGE, signal).catch((error: unknown) => {
        // A list that took longer than the server keeps its version: once more, as a whole.
        if (error instanceof ApiError && error.status === 410) return this.#pages(path, secured, 0, signal);
        throw error;
      });
    } finally {
      void secured.dispatcher?.close().catch(() => {});
    }
  }

  async #pages(path: string, secured: Secured, limit: number, signal: AbortSignal) {
    const objects: Row[] = [];
    let more: string | undefined;
    for (;;) {
      const page = await this.#page(path, secured, limit, more, signal);
      const meta = row(page.metadata);
      const version = text(meta.resourceVersion);
      if (!Array.isArray(page.items) || version === undefined)
        throw new ApiError(`${this.#server}${path} answered something else than a list`);
      objects.push(...rows(page.items));
      more = text(meta.continue);
      if (more === undefined) return { objects, version };
    }
  }

  async #page(
    path: string,
    secured: Secured,
    limit: number,
    more: string | undefined,
    signal: AbortSignal,
  ): Promise<Row> {
    const query = {
      ...(limit > 0 ? { limit: String(limit) } : {}),
      ...(more === undefined ? {} : { continue: more }),
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(this.#answerMs)]);
    const { body } = await this.#get(path, query, secured, within);
    try {
      const answer: unknown = await body.json();
      if (isRow(answer)) return answer;
    } catch (error) {
      throw this.#failure(error, signal);
    }
    throw new ApiError(`${this.#server}${path} answered something else than a list`);
  }

  /** Events from that version on, as they come; ends when the server ends it, or has been silent for long. @throws ApiError */
  async *watch(
    path: string,
    query: Query,
    { silentMs, signal, onOpen }: WatchOptions,
  ): AsyncGenerator<{ readonly type: string; readonly object: Row }> {
    const secured = await this.#secured(signal);
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), this.#answerMs);
    let isOpen = false;
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silentMs);
    };
    try {
      const both = AbortSignal.any([signal, silence.signal]);
      const { body } = await this.#get(path, { ...query, watch: '1' }, secured, both);
      isOpen = true;
      heard();
      onOpen();
      for await (const line of linesOf(body, heard)) yield eventOf(line);
    } catch (error) {
      // Whether somebody is there still, the next request tells.
      if (!(isOpen && silence.signal.aborted)) throw this.#failure(error, signal);
    } finally {
      clearTimeout(timer);
      void secured.dispatcher?.destroy().catch(() => {});
    }
  }

  async #get(path: string, query: Query, { headers, dispatcher }: Secured, signal: AbortSignal) {
    const url = new URL(this.#server + path);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(url, {
        headers: { ...headers, accept: 'application/json' },
        signal,
        bodyTimeout: 0,
        ...(dispatcher === undefined ? {} : { dispatcher }),
      });
    } catch (error) {
      throw this.#failure(error, signal);
    }
    if (answer.statusCode === 200) return answer;
    const said = await answer.body.json().catch(() => undefined);
    const message = text(row(said).message) ?? `answered ${answer.statusCode}`;
    throw new ApiError(message, answer.statusCode);
  }

  /** Anew for each request: tokens run out, plugins and files give new ones. */
  async #secured(signal: AbortSignal): Promise<Secured> {
    const headers: Record<string, string> = {};
    let dispatcher: Dispatcher | undefined;
    const context = {
      setHeaderParam: (key: string, value: string) => {
        headers[key] = value;
      },
      setDispatcher: (value: Dispatcher) => {
        dispatcher = value;
      },
    };
    try {
      // The client's own type has much more, none of which it uses for this.
      const secured = this.#config.applySecurityAuthentication(context as unknown as RequestContext);
      await within(secured, this.#answerMs, signal);
    } catch (error) {
      throw new ApiError(`no credentials: ${oneLine(error)}`, 401, error);
    }
    return { headers, dispatcher };
  }

  #failure(error: unknown, signal: AbortSignal): ApiError {
    if (error instanceof ApiError) return error;
    if (
      (error as Error).name === 'TimeoutError' ||
      (!signal.aborted && (error as Error).name === 'AbortError')
    )
      return new ApiError(`${this.#server} does not answer`, undefined, error);
    return new ApiError(`${this.#server}: ${oneLine(error)}`, undefined, error);
  }
}

function oneLine(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
  const words = (message ?? '').trim().split('\n')[0];
  return words || code || (cause === undefined ? 'failed' : oneLine(cause));
}

async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onLate = (): void => reject(new Error('it took too long'));
  late.addEventListener('abort', onLate, { once: true });
  try {
    return await Promise.race([promise, over]);
  } finally {
    late.removeEventListener('abort', onLate);
  }
}

async function* linesOf(body: AsyncIterable<Buffer>, heard: () => void): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    heard();
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at));
      from = at + 1;
      const line = Buffer.concat(parts).toString();
      parts = [];
      length = 0;
      if (line.trim() !== '') yield line;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LINE_MAX) throw new ApiError('a watch sent a line without an end', 500);
  }
  // What is left was cut off: it comes again with the next watch.
}

function eventOf(line: string): { readonly type: string; readonly object: Row } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // said below
  }
  const { type, object } = row(event);
  if (typeof type !== 'string' || !isRow(object)) throw new ApiError('a watch sent what is no event', 500);
  return { type, object };
}
