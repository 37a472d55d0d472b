/** The live stream, with real clients over a real port. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Journey } from '../../../src/model/journey.ts';
import type { LiveLimits } from '../../../src/server/live-limits.ts';
import { LiveClient } from './clients.ts';
import { bearer, type Daemon, daemon, TOKEN } from './daemon.ts';
import { expectReply } from './schemas.ts';

const running: Daemon[] = [];
const bugs: unknown[] = [];

interface Live extends Daemon {
  readonly url: string;
  readonly port: number;
}

async function live(limits: Partial<LiveLimits> = {}): Promise<Live> {
  const made = daemon({
    live: { tickMs: 2, slowTickMs: 5, ...limits },
    onInternal: error => bugs.push(error),
  });
  running.push(made);
  const port = await made.server.listenTcp('127.0.0.1', 0);
  return { ...made, port, url: `ws://127.0.0.1:${port}/api/live` };
}

afterEach(async () => {
  for (const { server } of running.splice(0)) await server.close();
  expect(bugs).toEqual([]);
});

const ids = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);
const all = { type: 'subscribe', topics: ['journeys', 'flows'] };
const first = (host: Daemon): Journey => host.recorded.journeys[0]!;
const putMany = (host: Daemon, count: number, prefix = 'n'): void => {
  for (let n = 0; n < count; n++) host.store.put({ ...first(host), id: `${prefix}${n}` });
};

describe('a client', () => {
  test('is told who speaks, then what is there, then what comes', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    expect(await client.next('hello')).toEqual({
      type: 'hello',
      session: host.store.session,
      seq: 10,
      schema: 1,
    });
    client.say(all);
    await client.until(() => client.seq === 10 && client.items('flows').length > 0);
    expect(ids(client.items('journeys'))).toEqual(ids(host.recorded.journeys));
    host.store.put({ ...first(host), id: 'new' });
    await client.until(() => client.seq === 11);
    expect(client.items('journeys').at(-1)).toMatchObject({ id: 'new', rev: 0 });
    expect(client.items('flows').at(-1)!.rev).toBeGreaterThan(client.items('flows')[0]!.rev);
    for (const message of client.messages) expectReply('LiveReply', message);
  });

  test('gets what it asks for and nothing else', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say({ type: 'subscribe', topics: ['journeys'], filter: { from: 'pod-a', q: 'syn' } });
    await client.next('journeys');
    const replies = host.recorded.journeys.filter(({ direction }) => direction === 'reply');
    host.store.put({ ...replies[0]!, id: 'other' });
    host.store.put({ ...first(host), id: 'mine' });
    await client.until(() => ids(client.items('journeys')).includes('mine'));
    expect(ids(client.items('journeys'))).toEqual([first(host).id, 'mine']);
    expect(client.messages.some(({ type }) => type === 'flows')).toBe(false);
  });

  test('gets topology once and stats again and again', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say({ type: 'subscribe', topics: ['topology', 'stats'] });
    const topology = await client.next('topology');
    expect(topology.items).toEqual([JSON.parse(JSON.stringify(host.runtime.topology()))]);
    await client.until(() => client.messages.filter(({ type }) => type === 'stats').length > 3);
    expect(client.messages.filter(({ type }) => type === 'topology')).toHaveLength(1);
    expect((await client.next('stats')).items).toEqual([host.runtime.stats()]);
    for (const message of client.messages) expectReply('LiveReply', message);
  });

  test('an open journey is amended: the last version wins', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(all);
    await client.until(() => client.seq === 10);
    const { closedBy: _, ...open } = first(host);
    const waiting = { kind: 'open', waiting: 'neighbour', at: 0 } as const;
    host.store.put({ ...open, id: 'x', rev: 1, complete: false, outcome: waiting });
    await client.until(() => client.seq === 11);
    host.store.put({ ...first(host), id: 'x', rev: 2 });
    await client.until(() => client.seq === 12);
    const versions = client.items('journeys').filter(({ id }) => id === 'x');
    expect(versions).toMatchObject([
      { rev: 1, outcome: waiting },
      { rev: 2, closedBy: first(host).closedBy },
    ]);
    for (const message of client.messages) expectReply('LiveReply', message);
  });
});

describe('coming back', () => {
  test('with since goes on where it was, without losing or doubling', async () => {
    const host = await live();
    const before = new LiveClient(host.url);
    await before.next('hello');
    before.say(all);
    await before.until(() => before.seq === 10);
    await before.close();
    putMany(host, 5);
    const after = new LiveClient(host.url);
    await after.next('hello');
    after.say({ ...all, since: before.seq, session: host.store.session });
    await after.until(() => after.seq === 15);
    expect(ids(after.items('journeys'))).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
    expect(after.messages.some(({ type }) => type === 'reset' || type === 'skipped')).toBe(false);
  });

  test.each([
    ['too long ago', { since: 5 }],
    ['from the future', { since: 999_999 }],
    ['from another session', { since: 3009, session: 'other' }],
  ])('%s begins anew, with what is newest', async (_why, more) => {
    const host = await live({ lagMax: 100, snapshot: 7 });
    putMany(host, 3000);
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say({ ...all, ...more });
    await client.until(() => client.seq === 3010);
    expect(client.messages[1]).toEqual({ type: 'reset' });
    expect(ids(client.items('journeys'))).toEqual(Array.from({ length: 7 }, (_, n) => `n${2993 + n}`));
  });

  test('asking for something else begins anew', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(all);
    await client.until(() => client.seq === 10);
    const seen = client.messages.length;
    client.say({ ...all, filter: { q: 'syn-ack' } });
    await client.next('reset', seen);
    const { items } = (await client.next('journeys', seen)) as unknown as { items: Journey[] };
    expect(items.map(({ summary }) => summary)).toEqual(['SYN-ACK']);
  });
});

describe('a slow client', () => {
  test('what comes after a pause comes at once, and what comes then waits for the next batch', async () => {
    const tickMs = 300;
    const host = await live({ tickMs });
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say({ ...all, since: host.store.seq, topics: ['journeys'] });
    client.say({ type: 'unfollow', id: 'none' }); // answered when the subscription is in force
    await client.next('error');
    const arrivals: number[] = [];
    for (const id of ['a', 'b']) {
      host.store.put({ ...first(host), id });
      await client.until(() => ids(client.items('journeys')).includes(id));
      arrivals.push(performance.now());
    }
    expect(arrivals[1]! - arrivals[0]!).toBeGreaterThan(tickMs / 2);
  });

  test('a client that comes is told at once what there is', async () => {
    const host = await live({ tickMs: 600_000 });
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(all);
    await client.until(() => client.items('journeys').length === host.recorded.journeys.length);
    // And so is what happens after a pause, however long the time between batches.
    const other = await live({ tickMs: 600_000 });
    const late = new LiveClient(other.url);
    await late.next('hello');
    late.say({ ...all, since: other.store.seq });
    late.say({ type: 'unfollow', id: 'none' });
    await late.next('error');
    other.store.put({ ...first(other), id: 'new' });
    await late.until(() => ids(late.items('journeys')).includes('new'));
  });

  test('a large batch comes in pieces, and only the last says that all has come', async () => {
    const host = await live({ batchCharsMax: 20_000 });
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(all);
    await client.until(() => client.seq === 10);
    const batches = client.messages.filter(({ type }) => type === 'journeys');
    expect(batches.length).toBeGreaterThan(3);
    expect(batches.slice(0, -1).map(({ seq }) => seq)).toEqual(batches.slice(0, -1).map(() => 0));
    expect(ids(client.items('journeys'))).toEqual(ids(host.recorded.journeys));
  });

  test('is taken forward and told so, and what it missed can be fetched', async () => {
    const host = await live({ lagMax: 100, snapshot: 10 });
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(all);
    await client.until(() => client.seq === 10);
    putMany(host, 1000);
    await client.until(() => client.seq === 1010);
    const skipped = await client.next('skipped');
    expect(skipped).toEqual({ type: 'skipped', from: 10, to: 1000, count: 990, reason: 'slow' });
    expect(ids(client.items('journeys').slice(10))).toEqual(
      Array.from({ length: 10 }, (_, n) => `n${990 + n}`),
    );
    expectReply('LiveReply', skipped);
    const missed = await fetch(`http://127.0.0.1:${host.port}/api/journeys?since=10&limit=1`, {
      headers: bearer,
    });
    expect((await missed.json()) as object).toMatchObject({ journeys: [{ id: 'n0' }] });
  });

  test('three that never read hold up nobody, cost a bounded amount, and are let go', async () => {
    const host = await live({ bufferBytesMax: 100_000, pingMs: 500 });
    const sizes: number[] = [];
    const stuck = await Promise.all([1, 2, 3].map(() => stuckClient(host.port)));
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say({ type: 'subscribe', topics: ['journeys', 'flows', 'stats'] });
    await client.until(() => client.seq === 10);
    for (let round = 1; round <= 15; round++) {
      putMany(host, 100, `r${round}-`);
      await client.until(() => client.seq === 10 + 100 * round);
      sizes.push(host.server.live.heldBytes);
    }
    expect(ids(client.items('journeys'))).toHaveLength(10 + 1500);
    expect(Math.max(...sizes)).toBeGreaterThan(100_000);
    // What may wait, and the one batch that was begun before: each.
    expect(Math.max(...sizes)).toBeLessThan(4 * (100_000 + 1_100_000));
    await client.until(() => host.server.live.clients === 1);
    expect(host.server.live.counts.dropped).toBe(3);
    for (const socket of stuck) socket.destroy();
    expect(client.closed).toBeUndefined();
  });
});

describe('one that reads less than there is', () => {
  test('is taken forward, never let go', async () => {
    const host = await live({ bufferBytesMax: 50_000, pingMs: 500, lagMax: 200 });
    const socket = await stuckClient(host.port);
    socket.pause();
    let taken = 0;
    for (let round = 0; round < 60; round++) {
      putMany(host, 100, `s${round}-`);
      for (let sips = 0; sips < 5; sips++) {
        taken += (socket.read() as Buffer | null)?.length ?? 0;
        await new Promise(resolve => setImmediate(resolve));
      }
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect(taken).toBeGreaterThan(100_000);
    expect(host.server.live.counts.skips).toBeGreaterThan(0);
    expect(host.server.live.counts.dropped).toBe(0);
    expect(host.server.live.clients).toBe(1);
    socket.destroy();
  });
});

/** Says what it wants and never reads the answer. */
async function stuckClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const upgrade = [
    'GET /api/live HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
    `Authorization: Bearer ${TOKEN}`,
  ];
  socket.write(`${upgrade.join('\r\n')}\r\n\r\n`);
  await new Promise(resolve => socket.once('readable', resolve));
  const text = Buffer.from(JSON.stringify(all));
  // A masked text frame, the mask being 0.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  return socket;
}

describe('what makes no sense', () => {
  test.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['null', 'message'],
    ['[]', 'message'],
    ['{"type":"subscribe"}', 'topics'],
    ['{"type":"subscribe","topics":[]}', 'topics'],
    ['{"type":"subscribe","topics":["all"]}', 'topics'],
    ['{"type":"run","topics":["journeys"]}', 'type'],
    ['{"type":"subscribe","topics":["journeys"],"filter":{"path":"/etc"}}', 'path'],
    ['{"type":"subscribe","topics":["journeys"],"filter":{"q":5}}', 'q'],
    ['{"type":"subscribe","topics":["journeys"],"since":-1}', 'since'],
  ])('%s is answered with an error, and the next message is heard', async (text, named) => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.say(text);
    const message = await client.next('error');
    expectReply('LiveReply', message);
    expect(message.error).toMatchObject({ code: 'USAGE' });
    expect(String((message.error as { message: string }).message)).toContain(named);
    client.say(all);
    await client.next('journeys');
  });

  test('bytes are answered with an error', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    client.socket.send(Buffer.from(JSON.stringify(all)));
    expect((await client.next('error')).error).toMatchObject({ code: 'USAGE' });
  });

  test('a message too large, or too many of them, end the connection', async () => {
    const host = await live({ messagesPerSecond: 10 });
    const large = new LiveClient(host.url);
    await large.next('hello');
    large.say('x'.repeat(20_000));
    await large.until(() => large.closed !== undefined);
    expect(large.closed!.code).toBe(1009);
    const many = new LiveClient(host.url);
    await many.next('hello');
    for (let n = 0; n < 100; n++) many.say('{}');
    await many.until(() => many.closed !== undefined);
    expect(many.messages.filter(({ type }) => type === 'error').length).toBeLessThanOrEqual(20);
    expect(many.closed!.code).toBe(1008);
  });

  test('more clients than may be are refused', async () => {
    const host = await live({ clientsMax: 2 });
    const clients = [new LiveClient(host.url), new LiveClient(host.url)];
    await Promise.all(clients.map(client => client.next('hello')));
    expect(await refusal(host.url, bearer)).toEqual([503, 'TOO_BUSY']);
    await clients[0]!.close();
    await new LiveClient(host.url).next('hello');
  });
});

/** Status and code with which an upgrade is refused. */
function refusal(url: string, headers: Record<string, string>): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on('open', () => reject(new Error('was let in')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => {
        expectReply('ErrorReply', JSON.parse(text));
        resolve([response.statusCode!, JSON.parse(text).error.code]);
        socket.terminate();
      });
    });
  });
}

describe('who may connect', () => {
  test('a stranger, another page and another name may not', async () => {
    const host = await live();
    expect(await refusal(host.url, {})).toEqual([401, 'TOKEN_WANTED']);
    expect(await refusal(host.url, { authorization: 'Bearer wrong' })).toEqual([401, 'TOKEN_WANTED']);
    expect(await refusal(host.url, { ...bearer, origin: 'http://evil.example' })).toEqual([403, 'FORBIDDEN']);
    expect(await refusal(host.url, { ...bearer, host: 'evil.example' })).toEqual([403, 'FORBIDDEN']);
    expect(await refusal(host.url.replace('/api/live', '/api/stats'), {})).toEqual([401, 'TOKEN_WANTED']);
  });

  test('the page may, by its cookie', async () => {
    const host = await live();
    const login = await fetch(`http://127.0.0.1:${host.port}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: TOKEN }),
    });
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    const client = new LiveClient(host.url, { cookie, origin: `http://127.0.0.1:${host.port}` });
    await client.next('hello');
  });

  test('when the daemon ends, its clients are told', async () => {
    const host = await live();
    const client = new LiveClient(host.url);
    await client.next('hello');
    await host.server.close();
    await client.until(() => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1001, reason: 'the daemon ends' });
  });
});
