/**
 * A small API server on loopback, for the real client: lists in pages and watches as Kubernetes answers them, from what a real one said
 * (test/fixtures/cluster) or what a test puts in; and whatever goes wrong with one: versions that are too old, streams that are cut, garbage,
 * silence, refusals.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Resource } from '../../src/cluster/cluster-state.ts';
import { paths } from '../../src/cluster/list-watch.ts';

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

export interface KubeEvent {
  readonly type: string;
  readonly object: KubeObject;
}

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/cluster/${name}`, import.meta.url), 'utf8');

export const recordedList = (resource: Resource): readonly KubeObject[] =>
  JSON.parse(fixture(`${resource}.json`)).items;

export const recordedEvents = (resource: Resource): readonly KubeEvent[] =>
  fixture(`${resource}.watch.ndjson`)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const resourceAt = (path: string): Resource | undefined =>
  (Object.keys(paths) as Resource[]).find(resource => paths[resource] === path);

interface Open {
  readonly resource: Resource;
  readonly response: ServerResponse;
}

/** Answers a request itself, or leaves it to the server. */
type Interception = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export class KubeApi {
  readonly requests: string[] = [];
  /** Tells of everything before it is answered. */
  intercept: Interception = () => false;
  pageMax = 500;
  readonly #server: Server;
  readonly #objects = new Map<Resource, Map<string, KubeObject>>();
  readonly #events: { readonly resource: Resource; readonly version: number; readonly line: string }[] = [];
  readonly #open = new Set<Open>();
  readonly #sockets = new Set<Socket>();
  readonly #onWatch = new Set<() => void>();
  #version = 1000;
  /** Versions before are not known any more. */
  #oldest = 0;

  private constructor(tls: ServerOptions | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(tls?: ServerOptions, port = 0): Promise<KubeApi> {
    const api = new KubeApi(tls);
    await new Promise<void>(resolve => api.#server.listen(port, '127.0.0.1', resolve));
    return api;
  }

  /** With what the real one listed. */
  static async recorded(): Promise<KubeApi> {
    const api = await KubeApi.start();
    for (const resource of Object.keys(paths) as Resource[]) api.fill(resource, recordedList(resource));
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** So many watches are open at once. */
  async untilWatched(count: number): Promise<void> {
    while (this.#open.size < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onWatch.add(resolve);
      await promise;
    }
  }

  fill(resource: Resource, objects: readonly KubeObject[]): void {
    this.#objects.set(resource, new Map(objects.map(object => [keyOf(object), object])));
  }

  put(resource: Resource, object: KubeObject): void {
    const all = this.#of(resource);
    const type = all.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    this.#tell(resource, type, object, stamped => all.set(keyOf(stamped), stamped));
  }

  remove(resource: Resource, object: KubeObject): void {
    const all = this.#of(resource);
    this.#tell(resource, 'DELETED', object, () => all.delete(keyOf(object)));
  }

  /** As it was recorded, word for word but for the version. */
  play(resource: Resource, { type, object }: KubeEvent): void {
    if (type === 'DELETED') this.remove(resource, object);
    else if (type === 'BOOKMARK') this.#tell(resource, type, object, () => {});
    else this.put(resource, object);
  }

  /** Ends all watches in the middle of a line. */
  cut(): void {
    for (const { response } of this.#open) {
      response.write('{"type":"MODI');
      response.destroy();
    }
  }

  /** Versions until now are compacted away. */
  forget(): void {
    this.#oldest = this.#version + 1;
    this.#version++;
  }

  /** To every watcher of it, as bytes. */
  say(resource: Resource, text: string): void {
    for (const open of this.#open) if (open.resource === resource) open.response.write(text);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #of(resource: Resource): Map<string, KubeObject> {
    const all = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, all);
    return all;
  }

  #tell(resource: Resource, type: string, object: KubeObject, keep: (stamped: KubeObject) => void): void {
    const version = ++this.#version;
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    keep(stamped);
    const line = `${JSON.stringify({ type, object: stamped })}\n`;
    this.#events.push({ resource, version, line });
    this.say(resource, line);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://x');
    this.requests.push(`${url.pathname}${url.search}`);
    if (this.intercept(request, response, url)) return;
    const resource = resourceAt(url.pathname);
    if (resource === undefined) refuse(response, 404, 'NotFound', 'the server could not find the resource');
    else if (url.searchParams.get('watch') === '1') this.#watch(resource, url, response);
    else this.#list(resource, url, response);
  }

  #list(resource: Resource, url: URL, response: ServerResponse): void {
    const all = [...this.#of(resource).values()];
    const limit = Math.min(Number(url.searchParams.get('limit') ?? all.length), this.pageMax);
    const [version, from = 0] = (url.searchParams.get('continue') ?? String(this.#version))
      .split(' ')
      .map(Number) as [number, number?];
    if (version < this.#oldest) {
      refuse(response, 410, 'Expired', 'The provided continue parameter is too old');
      return;
    }
    const whole = url.searchParams.has('limit') ? limit : all.length;
    const more = from + whole < all.length ? `${version} ${from + whole}` : undefined;
    const metadata = { resourceVersion: String(version), ...(more === undefined ? {} : { continue: more }) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(from, from + whole) }));
  }

  #watch(resource: Resource, url: URL, response: ServerResponse): void {
    const version = Number(url.searchParams.get('resourceVersion'));
    response.setHeader('content-type', 'application/json');
    if (version < this.#oldest) {
      const status = { kind: 'Status', status: 'Failure', message: 'too old resource version', code: 410 };
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    response.flushHeaders();
    const open = { resource, response };
    this.#open.add(open);
    for (const tell of this.#onWatch) tell();
    this.#onWatch.clear();
    response.on('close', () => this.#open.delete(open));
    for (const event of this.#events)
      if (event.resource === resource && event.version > version) response.write(event.line);
  }
}

export function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  response.statusCode = code;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', reason, message, code }));
}

export interface ConfigFields {
  readonly name?: string;
  readonly server: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

/** JSON is YAML. The first is the current context. */
export function kubeconfigOf(...contexts: readonly ConfigFields[]): string {
  const named = contexts.map((context, i) => ({ name: `test-${i}`, ...context }));
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': named[0]?.name,
    contexts: named.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
    clusters: named.map(({ name, server, cluster = {} }) => ({ name, cluster: { server, ...cluster } })),
    users: named.map(({ name, user = {} }) => ({ name, user })),
  });
}
