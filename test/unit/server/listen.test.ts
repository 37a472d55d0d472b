/** The same application behind a port and a unix socket, asked by a real HTTP client. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { LiveClient } from './clients.ts';
import { bearer, type Daemon, daemon } from './daemon.ts';
import { expectReply } from './schemas.ts';

const folder = mkdtempSync(join(tmpdir(), 'tracer-listen-'));
const path = join(folder, 'tracer.sock');
const running: Daemon[] = [];
afterEach(async () => {
  for (const { server } of running.splice(0)) await server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function started(): Daemon {
  const made = daemon({ live: { tickMs: 2 } });
  running.push(made);
  return made;
}

async function overSocket(url: string, headers: Record<string, string> = bearer) {
  const dispatcher = new Agent({ connect: { socketPath: path } });
  const { statusCode, body } = await request(`http://localhost${url}`, { dispatcher, headers });
  const text = await body.text();
  await dispatcher.close();
  return { statusCode, text };
}

describe('a unix socket', () => {
  test('answers what the port answers, and wants the token too', async () => {
    const { server } = started();
    await server.listenSocket(path);
    const port = await server.listenTcp('127.0.0.1', 0);
    const here = await overSocket('/api/journeys');
    const there = await request(`http://127.0.0.1:${port}/api/journeys`, { headers: bearer });
    expect(here.text).toBe(await there.body.text());
    expect(JSON.parse(here.text).journeys).toHaveLength(10);
    expect((await overSocket('/api/journeys', {})).statusCode).toBe(401);
    expect((await overSocket('/healthz', {})).statusCode).toBe(200);
    const live = new LiveClient(`ws+unix://${path}:/api/live`);
    await live.next('hello');
    await live.close();
  });

  test('is for its owner alone, and goes with the daemon', async () => {
    const { server } = started();
    await server.listenSocket(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    running.pop();
    expect(existsSync(path)).toBe(false);
  });

  test('what a dead daemon left is taken over, a living one is not', async () => {
    await leaveBehind();
    expect(existsSync(path)).toBe(true);
    const { server } = started();
    await server.listenSocket(path);
    expect((await overSocket('/healthz')).statusCode).toBe(200);
    await expect(started().server.listenSocket(path)).rejects.toMatchObject({ code: 'LISTEN' });
    expect((await overSocket('/healthz')).statusCode).toBe(200);
  });

  test('a file that is no socket is left as it is', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    await expect(started().server.listenSocket(file)).rejects.toMatchObject({ code: 'LISTEN' });
    expect(statSync(file).size).toBe(4);
  });

  test('a place that cannot be made is said', async () => {
    await expect(started().server.listenSocket(join(folder, 'no', 'such'))).rejects.toMatchObject({
      code: 'LISTEN',
    });
  });
});

/** A socket in the file system that nobody listens on. */
async function leaveBehind(): Promise<void> {
  const other = createServer();
  const bound = join(folder, 'bound');
  await new Promise<void>(resolve => other.listen(bound, resolve));
  const { renameSync } = await import('node:fs');
  renameSync(bound, path);
  await new Promise(resolve => other.close(resolve));
}

describe('a port', () => {
  test('that is taken is said', async () => {
    const port = await started().server.listenTcp('127.0.0.1', 0);
    await expect(started().server.listenTcp('127.0.0.1', port)).rejects.toMatchObject({
      code: 'LISTEN',
      message: `cannot listen on 127.0.0.1:${port}: EADDRINUSE`,
    });
  });

  test.each([
    ['hello\r\n\r\n', 400, 'USAGE'],
    ['GET /healthz HTTP/1.1\r\n\r\n', 403, 'FORBIDDEN'],
    ['GET /healthz HTTP/1.0\r\n\r\n', 403, 'FORBIDDEN'],
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'TOO_LARGE'],
  ])('%j is answered in the form of all errors', async (text, status, code) => {
    const port = await started().server.listenTcp('127.0.0.1', 0);
    const socket = connect(port, '127.0.0.1');
    socket.end(text);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const body = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1));
    expectReply('ErrorReply', body);
    expect(body.error.code).toBe(code);
  });

  test('a daemon that ends does not wait for whoever holds a connection', async () => {
    const { server } = started();
    const port = await server.listenTcp('127.0.0.1', 0);
    const idle = connect(port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise(resolve => idle.once('connect', resolve));
    const gone = new Promise(resolve => idle.once('close', resolve));
    await server.close();
    running.pop();
    await gone;
  });
});
