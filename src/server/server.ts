/** The daemon's HTTP server: one application behind two listeners, a unix socket and a TCP port. CONTRACT 8, docs/api.md. */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import cookie from '@fastify/cookie';
import websocket from '@fastify/websocket';
import { type FastifyInstance, fastify } from 'fastify';
import { TracerError } from '../base/errors.ts';
import type { JourneyStore } from '../store/journey-store.ts';
import { Access } from './access.ts';
import { bodyOf, errorHandler } from './api-errors.ts';
import type { Control } from './control.ts';
import { listenOn, type Place } from './listen.ts';
import { LiveHub } from './live-hub.ts';
import type { LiveLimits } from './live-limits.ts';
import { Methods, requireJsonBody } from './methods.ts';
import { createMetrics } from './metrics.ts';
import { addPage } from './page.ts';
import { addRoutes } from './routes.ts';
import { validatorCompiler } from './validation.ts';

export interface ServerOptions {
  /** Wanted on every route below /api. */
  readonly token: string;
  /** By which names or addresses, besides loopback's, it may be called: what --listen says. */
  readonly hosts?: readonly string[];
  /** Folder of the built page; default: there is none. */
  readonly page?: string;
  readonly live?: Partial<LiveLimits>;
  /** Told of bugs; default: nobody. */
  readonly onInternal?: (error: unknown) => void;
}

export interface Server {
  /** For tests: `inject`. */
  readonly app: FastifyInstance;
  /** Who takes the live stream. */
  readonly live: Pick<LiveHub, 'clients' | 'counts' | 'heldBytes'>;
  /** May be called more than once. @returns the port. @throws LISTEN. */
  listenTcp(host: string, port: number): Promise<number>;
  /** Mode 0600; what a dead daemon left at the path is removed. @throws LISTEN. */
  listenSocket(path: string): Promise<void>;
  /** Ends all, also who is connected. */
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 16 * 1024;
/** Who sends a request more slowly than this is cut off; also who does not take the answer. */
const REQUEST_MS = 10_000;
const IDLE_MS = 60_000;
const CONNECTIONS_MAX = 256;

export function createServer(control: Control, store: JourneyStore, options: ServerOptions): Server {
  const onInternal = options.onInternal ?? (() => {});
  const access = new Access(options.token, options.hosts);
  const app = application(onInternal);
  app.addHook('onRequest', async request => access.check(request));
  app.addHook('preValidation', async request => requireJsonBody(request));
  const live = new LiveHub(control, store, onInternal, options.live);
  const metrics = createMetrics(control, store, live);
  void app.register(websocket, {
    options: { maxPayload: BODY_BYTES_MAX, autoPong: false },
    // Connections that are still there when the server closes have been told by the hub.
    preClose: done => done(),
  });
  void app.register(async child => addRoutes(child, { control, store, access, live, metrics }));
  const { page } = options;
  if (page !== undefined) void app.register(async child => addPage(child, page));
  const listeners: HttpServer[] = [];
  const listen = async (place: Place): Promise<HttpServer> => {
    await app.ready();
    const listener = front(app.server);
    await listenOn(listener, place);
    listeners.push(listener);
    return listener;
  };
  return {
    app,
    live,
    listenTcp: async (host, port) => ((await listen({ host, port })).address() as AddressInfo).port,
    listenSocket: async path => void (await listen({ path })),
    close: async () => {
      live.close();
      for (const listener of listeners) listener.close();
      await app.close();
      for (const listener of listeners) listener.closeAllConnections();
    },
  };
}

function application(onInternal: (error: unknown) => void): FastifyInstance {
  const onError = errorHandler(onInternal);
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => onError(error, request, reply),
  });
  const allowed = new Methods(app);
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  // The schemas of answers are held by the tests; leaving out what they do not know would hide a mistake.
  app.setSerializerCompiler(() => data => JSON.stringify(data));
  app.setErrorHandler(onError);
  app.setNotFoundHandler((request, reply) => {
    const methods = allowed.of(request.url);
    if (methods.length === 0)
      throw new TracerError('NOT_FOUND', 'there is no such route', { hint: 'docs/api.md lists them' });
    void reply.header('allow', methods.join(', '));
    throw new TracerError('METHOD_NOT_ALLOWED', `${request.method} is not for this route`, {
      hint: `it takes ${methods.join(', ')}`,
    });
  });
  void app.register(cookie);
  return app;
}

/** A listener whose requests are those of `inner`, which does not listen itself. */
function front(inner: HttpServer): HttpServer {
  const listener = createHttpServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    // Node would answer in its own words; `Access` refuses what has none.
    requireHostHeader: false,
  });
  listener.maxConnections = CONNECTIONS_MAX;
  listener.timeout = IDLE_MS;
  listener.on('request', (request, response) => inner.emit('request', request, response));
  listener.on('upgrade', (request, socket, head) => inner.emit('upgrade', request, socket, head));
  listener.on('clientError', refuse);
  return listener;
}

/** What is no HTTP is answered in the same form as all else. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = JSON.stringify(
    bodyOf(
      new TracerError(isLarge ? 'TOO_LARGE' : 'USAGE', isLarge ? 'headers too large' : 'no HTTP request'),
    ),
  );
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
