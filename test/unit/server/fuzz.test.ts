/**
 * Whatever is said to the server is answered, in the form of the contract, and never by a bug. A short run here; FUZZ_RUNS=100000 makes a
 * long one.
 */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { LiveClient } from './clients.ts';
import { bearer, daemon, TOKEN } from './daemon.ts';
import { expectReply } from './schemas.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeout = 10_000 + numRuns * 20;
const bugs: unknown[] = [];
const { server, store } = daemon({
  onInternal: error => bugs.push(error),
  live: { tickMs: 1, messagesPerSecond: Number.MAX_SAFE_INTEGER },
});
afterAll(() => server.close());

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.constantFrom('0', '200', 'pod-a'),
);
const query = fc.dictionary(
  fc.oneof(
    fc.constantFrom('flow', 'outcome', 'state', 'from', 'to', 'q', 'since', 'limit', '__proto__'),
    fc.string(),
  ),
  value,
  { maxKeys: 4 },
);
const path = fc.oneof(
  fc.constantFrom(
    '/api/journeys',
    '/api/flows',
    '/api/journeys/1',
    '/api/flows/1',
    '/api/topology',
    '/api/stats',
  ),
  fc.string({ unit: 'binary' }).map(text => `/api/journeys/${encodeURIComponent(text.toWellFormed())}`),
  fc.webPath(),
);

function expectAnswer(reply: { statusCode: number; body: string }): void {
  expect(reply.statusCode).toBeLessThan(500);
  if (reply.statusCode >= 400) expectReply('ErrorReply', JSON.parse(reply.body));
  expect(bugs).toEqual([]);
}

test(
  'queries and paths',
  async () => {
    await fc.assert(
      fc.asyncProperty(path, query, async (url, asked) => {
        const search = Object.entries(asked)
          .map(
            ([key, text]) =>
              `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(String(text).toWellFormed())}`,
          )
          .join('&');
        expectAnswer(
          await server.app.inject({ url: `${url}?${search}`, headers: { host: 'localhost', ...bearer } }),
        );
      }),
      { numRuns },
    );
  },
  timeout,
);

const follow = fc.record(
  { src: value, dst: value, port: value, proto: value, namespace: value, __proto__: value },
  { requiredKeys: [] },
);

test(
  'bodies',
  async () => {
    const bodies = fc.oneof(
      follow,
      fc.record({ name: value }),
      fc.json(),
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
    );
    const routes = fc.constantFrom(
      ['POST', '/api/follows'] as const,
      ['DELETE', '/api/follows/1'] as const,
      ['POST', '/api/lab/run'] as const,
      ['POST', '/api/login'] as const,
    );
    const types = fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'a/b',
      'x',
    );
    await fc.assert(
      fc.asyncProperty(routes, bodies, types, async ([method, url], body, type) => {
        const payload = typeof body === 'string' ? body : JSON.stringify(body);
        const headers = { host: 'localhost', 'content-type': type, ...bearer };
        expectAnswer(await server.app.inject({ method, url, payload, headers }));
      }),
      { numRuns },
    );
  },
  timeout,
);

test(
  'headers let nobody in',
  async () => {
    const header = fc.string({ unit: 'grapheme-ascii' }).filter(text => !/[\r\n]/.test(text));
    await fc.assert(
      fc.asyncProperty(header, header, header, async (authorization, cookie, origin) => {
        fc.pre(!authorization.includes(TOKEN));
        const headers = {
          host: 'localhost',
          authorization,
          cookie: `tracer=${cookie}`,
          ...(origin === '' ? {} : { origin }),
        };
        const reply = await server.app.inject({ url: '/api/stats', headers });
        expect([401, 403]).toContain(reply.statusCode);
        expectReply('ErrorReply', reply.json());
      }),
      { numRuns },
    );
  },
  timeout,
);

test(
  'messages of the live stream: each is an error or a subscription, and the next one is heard',
  async () => {
    const port = await server.listenTcp('127.0.0.1', 0);
    const client = new LiveClient(`ws://127.0.0.1:${port}/api/live`);
    await client.next('hello');
    client.say({ type: 'subscribe', topics: ['journeys'] });
    await client.next('journeys');
    const message = fc.oneof(
      fc.record(
        {
          type: fc.constantFrom('subscribe', 'hello', ''),
          topics: fc.array(fc.constantFrom('journeys', 'flows', 'x')),
          filter: query,
          since: value,
        },
        { requiredKeys: [] },
      ),
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(message, async said => {
        const seen = client.messages.length;
        const isRaw = typeof said === 'string' || said instanceof Uint8Array;
        client.socket.send(isRaw ? said : JSON.stringify(said));
        client.say({ type: 'subscribe', topics: ['journeys'], filter: { q: 'syn-ack' } });
        // The new subscription is heard: its snapshot comes, whatever came before.
        await client.next('reset', seen);
        await client.next('journeys', seen);
        for (const heard of client.messages.splice(0)) expectReply('LiveReply', heard);
      }),
      { numRuns },
    );
    expect(bugs).toEqual([]);
    expect(store.counts.journeys).toBe(10);
  },
  timeout,
);
