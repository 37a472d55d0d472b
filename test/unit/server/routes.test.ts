/** Every route and every error of the API, through `inject`; each answer held against its schema. */
import type { InjectOptions } from 'fastify';
import { afterAll, describe, expect, test } from 'vitest';
import { nextSteps } from '../../../src/explain/next-steps.ts';
import type { FlowVersion } from '../../../src/model/flow.ts';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import { bearer, daemon, TOKEN } from './daemon.ts';
import { expectReply } from './schemas.ts';

const bugs: unknown[] = [];
const { server, store, runtime, recorded } = daemon({ onInternal: error => bugs.push(error) });
afterAll(() => server.close());

async function ask(options: InjectOptions & { readonly bare?: true }) {
  const { bare, headers, ...rest } = options;
  const reply = await server.app.inject({
    ...rest,
    headers: { host: '127.0.0.1:7077', ...(bare ? {} : bearer), ...headers },
  });
  return {
    status: reply.statusCode,
    headers: reply.headers,
    text: reply.body,
    json: () => JSON.parse(reply.body),
  };
}

const get = (url: string) => ask({ url });
const post = (url: string, payload: object) => ask({ method: 'POST', url, payload });

interface Page {
  readonly session: string;
  readonly journeys: readonly JourneyVersion[];
  readonly flows: readonly FlowVersion[];
  readonly next: number;
  readonly oldest: number;
  readonly evicted: number;
}

async function page(url: string): Promise<Page> {
  const reply = await get(url);
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
  expectReply(url.startsWith('/api/flows') ? 'FlowsReply' : 'JourneysReply', reply.json());
  return reply.json();
}

/** Of every error. */
async function expectError(
  reply: Awaited<ReturnType<typeof ask>>,
  status: number,
  code: string,
): Promise<string> {
  expect([reply.status, reply.json().error?.code]).toEqual([status, code]);
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
  expectReply('ErrorReply', reply.json());
  return reply.json().error.message;
}

describe('journeys', () => {
  test('all that are kept, as they were put', async () => {
    const { journeys, ...rest } = await page('/api/journeys');
    expect(rest).toEqual({ session: store.session, next: 10, oldest: 0, evicted: 0 });
    expect(journeys).toEqual(
      recorded.journeys.map(journey => ({ ...JSON.parse(JSON.stringify(journey)), rev: 0 })),
    );
  });

  test('page by page, without losing or doubling one', async () => {
    const ids: string[] = [];
    let since = 0;
    for (;;) {
      const { journeys, next } = await page(`/api/journeys?since=${since}&limit=3`);
      ids.push(...journeys.map(({ id }) => id));
      if (next === since) break;
      since = next;
    }
    expect(ids).toEqual(recorded.journeys.map(({ id }) => id));
  });

  test('by what is asked for', async () => {
    const { flow } = recorded.journeys[0]!;
    const fits = (all: Page) => all.journeys.map(({ direction, outcome }) => [direction, outcome.kind]);
    const some = await page(
      `/api/journeys?flow=${flow}&outcome=delivered&from=default/pod-a&to=svc/nginx-service&q=syn`,
    );
    expect(fits(some)).toEqual([['request', 'delivered']]);
    expect((await page('/api/journeys?outcome=dropped')).journeys).toEqual([]);
  });

  test('one of them', async () => {
    const { id } = recorded.journeys[4]!;
    const reply = await get(`/api/journeys/${id}`);
    expectReply('JourneyReply', reply.json());
    expect(reply.json().id).toBe(id);
    await expectError(await get('/api/journeys/4711'), 404, 'NOT_FOUND');
  });

  test('what to look at after one, as explain says it', async () => {
    const syn = recorded.journeys.find(({ summary }) => summary === 'SYN')!;
    const reply = await get(`/api/journeys/${syn.id}/next-steps`);
    expectReply('NextStepsReply', reply.json());
    expect(reply.json()).toEqual({ steps: nextSteps(syn, store.flow(syn.flow!)) });
    expect(reply.json().steps[0].command).toMatch(/iptables -t nat -nvL KUBE-SVC-/);
    await expectError(await get('/api/journeys/4711/next-steps'), 404, 'NOT_FOUND');
  });

  test('a large page is the same as many small ones', async () => {
    const many = daemon();
    const [first] = recorded.journeys;
    for (let n = 0; n < 1500; n++) many.store.put({ ...first!, id: `n${n}` });
    const reply = await many.server.app.inject({
      url: '/api/journeys?limit=1000',
      headers: { host: 'localhost', ...bearer },
    });
    expect(reply.json().journeys.map(({ id }: JourneyVersion) => id)).toEqual(
      Array.from({ length: 1000 }, (_, n) => `n${n + 500}`),
    );
    await many.server.close();
  });
});

describe('flows', () => {
  test('all, by state, and one', async () => {
    const { flows } = await page('/api/flows?from=pod-a');
    expect(flows.map(({ state, to }) => [state, to.name])).toEqual([['closed', 'nginx-service']]);
    expect((await page('/api/flows?state=dropped')).flows).toEqual([]);
    const reply = await get(`/api/flows/${flows[0]!.id}`);
    expectReply('FlowReply', reply.json());
    expect(reply.json()).toEqual(flows[0]);
    await expectError(await get('/api/flows/x'), 404, 'NOT_FOUND');
  });
});

describe('the host', () => {
  test('topology, stats, session, health', async () => {
    const topology = await get('/api/topology');
    expectReply('TopologyReply', topology.json());
    expect(topology.json().places.length).toBeGreaterThan(20);
    const stats = await get('/api/stats');
    expectReply('StatsReply', stats.json());
    expect(stats.json()).toEqual(runtime.stats());
    const session = await get('/api/session');
    expect(session.headers['content-disposition']).toBe(`attachment; filename="${store.session}.tracer"`);
    expect(session.text.length).toBe(100_006);
    runtime.isRecording = false;
    const none = await get('/api/session');
    await expectError(none, 404, 'SESSION_FORMAT');
    expect(none.headers['content-disposition']).toBeUndefined();
    runtime.isRecording = true;
    for (const url of ['/healthz', '/readyz']) {
      const reply = await ask({ url, bare: true });
      expectReply('OkReply', reply.json());
    }
    runtime.isAttached = false;
    await expectError(await ask({ url: '/readyz', bare: true }), 503, 'TOO_BUSY');
    expect((await get('/healthz')).status).toBe(200);
    runtime.isAttached = true;
  });

  test('runs a scenario by its name, and nothing else', async () => {
    const reply = await post('/api/lab/run', { name: 'same-node' });
    expectReply('LabRunReply', reply.json());
    expect(runtime.ran).toEqual(['same-node']);
    expect(reply.json()).toMatchObject({ cluster: 'lab:golden', since: 3, follow: { src: 'pod-a' } });
    await expectError(await post('/api/lab/run', { name: 'no-lab' }), 409, 'LAB_NOT_UP');
    await expectError(await post('/api/lab/run', { name: 'fails' }), 503, 'LAB_FAILED');
    const offer = await get('/api/lab');
    expectReply('LabReply', offer.json());
    expect(offer.json().clusters).toEqual(['lab:golden']);
    for (const name of ['../../x', 'rm -rf', '', 'A', '-x']) {
      await expectError(await post('/api/lab/run', { name }), 400, 'USAGE');
    }
    await expectError(await post('/api/lab/run', { name: 'x', env: {} }), 400, 'USAGE');
    expect(runtime.ran).toHaveLength(1);
  });
});

describe('follows', () => {
  test('begin, are listed and end', async () => {
    const begun = await post('/api/follows', { src: 'pod-a', dst: 'nginx-service', port: 80 });
    expect(begun.status).toBe(201);
    expectReply('FollowReply', begun.json());
    const listed = await get('/api/follows');
    expectReply('FollowsReply', listed.json());
    expect(listed.json()).toEqual({ session: store.session, follows: [begun.json()] });
    const ended = await ask({ method: 'DELETE', url: `/api/follows/${begun.json().id}`, payload: {} });
    expect([ended.status, ended.json()]).toEqual([200, { ok: true }]);
    const again = await ask({ method: 'DELETE', url: `/api/follows/${begun.json().id}`, payload: {} });
    await expectError(again, 404, 'NOT_FOUND');
  });

  test('what names nothing, or is no request, is refused', async () => {
    await expectError(await post('/api/follows', { src: 'nobody', dst: 'any' }), 400, 'UNKNOWN_NAME');
    const bodies = [
      {},
      { src: 'a' },
      { src: 1, dst: 'b' },
      { src: 'a', dst: 'b', port: '80' },
      { src: 'a', dst: 'b', port: 70_000 },
      [],
      'x',
    ];
    for (const body of bodies) {
      const reply = await ask({
        method: 'POST',
        url: '/api/follows',
        payload: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      await expectError(reply, 400, 'USAGE');
    }
  });

  test('a bug of ours tells nothing of the inside', async () => {
    const reply = await post('/api/follows', { src: 'bug', dst: 'any' });
    const message = await expectError(reply, 500, 'INTERNAL');
    expect(message).not.toContain('secret');
    expect(String(bugs[0])).toContain('secret of the inside');
  });
});

describe('what is no request of ours', () => {
  test.each([
    ['/api/journeys?limit=0', 'limit'],
    ['/api/journeys?limit=1001', 'limit'],
    ['/api/journeys?limit=ten', 'limit'],
    ['/api/journeys?since=-1', 'since'],
    ['/api/journeys?since=1.5', 'since'],
    ['/api/journeys?outcome=lots', 'outcome'],
    ['/api/journeys?q=', 'q'],
    [`/api/journeys?q=${'x'.repeat(300)}`, 'q'],
    ['/api/journeys?flow=1&flow=2', 'flow'],
    ['/api/journeys?state=open', 'state'],
    ['/api/flows?outcome=open', 'outcome'],
    ['/api/stats?x=1', 'x'],
    [`/api/journeys/${'9'.repeat(100)}`, 'id'],
    ['/api/live', 'WebSocket'],
  ])('%s', async (url, named) => {
    expect(await expectError(await get(url), 400, 'USAGE')).toContain(named);
  });

  test('unknown routes and methods', async () => {
    for (const url of ['/', '/api', '/api/', '/api/nothing', '/api/journeys/1/2', '/metrics/x']) {
      await expectError(await get(url), 404, 'NOT_FOUND');
    }
    for (const [method, url, allowed] of [
      ['POST', '/api/journeys', 'GET'],
      ['DELETE', '/api/journeys/3', 'GET'],
      ['GET', '/api/lab/run', 'POST'],
      ['PUT', '/api/follows', 'POST'],
      ['GET', '/api/follows/1', 'DELETE'],
      ['PATCH', '/metrics', 'GET'],
    ] as const) {
      const reply = await ask({ method, url, payload: {} });
      await expectError(reply, 405, 'METHOD_NOT_ALLOWED');
      expect(reply.headers.allow).toContain(allowed);
    }
    await expectError(await get('/api/%zz'), 400, 'USAGE');
  });

  test('changes come as JSON alone', async () => {
    const raw = (payload: string, type?: string) =>
      ask({
        method: 'POST',
        url: '/api/follows',
        payload,
        headers: type === undefined ? {} : { 'content-type': type },
      });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      await expectError(await raw('{"src":"any","dst":"any"}', type), 415, 'NOT_JSON');
    }
    await expectError(await raw('{"src":', 'application/json'), 400, 'USAGE');
    await expectError(await raw('', 'application/json'), 400, 'USAGE');
    await expectError(
      await raw(JSON.stringify({ src: 'x'.repeat(20_000), dst: 'any' }), 'application/json'),
      413,
      'TOO_LARGE',
    );
    await expectError(await ask({ method: 'DELETE', url: '/api/follows/1' }), 415, 'NOT_JSON');
    await expectError(
      await raw('{"__proto__":{"x":1},"src":"any","dst":"any"}', 'application/json'),
      400,
      'USAGE',
    );
    expect(runtime.follows()).toEqual([]);
  });
});

describe('who may ask', () => {
  const routes = [
    ...[
      'journeys',
      'journeys/1',
      'flows',
      'flows/1',
      'topology',
      'stats',
      'follows',
      'session',
      'live',
      'nothing',
      'lab',
      'lab/run',
    ].map(path => ['GET', `/api/${path}`] as const),
    ['POST', '/api/follows'] as const,
    ['DELETE', '/api/follows/1'] as const,
    ['POST', '/api/lab/run'] as const,
    ['GET', '/API/stats'] as const,
    ['GET', '/api?x'] as const,
  ];

  test.each(routes)('%s %s wants the token', async (method, url) => {
    const bare = { method, url, bare: true, ...(method === 'GET' ? {} : { payload: {} }) } as const;
    await expectError(await ask(bare), 401, 'TOKEN_WANTED');
    for (const authorization of [
      'Bearer wrong',
      `Basic ${TOKEN}`,
      'Bearer',
      `Bearer ${TOKEN}x`,
      TOKEN,
      `Bearer ${TOKEN} x`,
    ]) {
      await expectError(await ask({ ...bare, headers: { authorization } }), 401, 'TOKEN_WANTED');
    }
    await expectError(await ask({ ...bare, headers: { cookie: `tracer=${TOKEN}` } }), 401, 'TOKEN_WANTED');
  });

  test('the page gets a cookie for the token, which lets it in and is not the token', async () => {
    const login = (token: string) =>
      ask({ method: 'POST', url: '/api/login', payload: { token }, bare: true });
    await expectError(await login('wrong'), 401, 'TOKEN_WANTED');
    const reply = await login(TOKEN);
    const cookie = String(reply.headers['set-cookie']);
    expect(cookie).toMatch(/^tracer=[\w-]{43}; Path=\/api; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const let_ = await ask({ url: '/api/stats', bare: true, headers: { cookie: cookie.split(';')[0]! } });
    expect(let_.status).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:7077',
    '127.0.0.1.evil.example',
    '127.0.0.1:7077@evil.example',
    '10.0.0.1',
    '[::2]:7077',
    '127.0.0.1:x',
  ])('Host %j is not ours, whatever the route', async host => {
    for (const url of ['/api/stats', '/metrics', '/healthz', '/nothing', '/api/live']) {
      await expectError(await ask({ url, headers: { host } }), 403, 'FORBIDDEN');
    }
  });

  test.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '[::1]:7077', '127.0.0.1:9999'])(
    'Host %j is',
    async host => {
      expect((await ask({ url: '/api/stats', headers: { host } })).status).toBe(200);
    },
  );

  test('an address that it was told to listen on is ours too', async () => {
    const other = daemon({ hosts: ['10.0.0.1', 'fd00::1'] });
    for (const host of ['10.0.0.1:7077', '[fd00::1]:7077']) {
      const reply = await other.server.app.inject({ url: '/healthz', headers: { host } });
      expect(reply.statusCode).toBe(200);
    }
    await other.server.close();
  });

  test.each([
    'http://evil.example',
    'null',
    'http://127.0.0.1:8080',
    'https://127.0.0.1:7077',
    'http://localhost:7077',
  ])('a page of %s is not ours', async origin => {
    for (const url of ['/api/stats', '/metrics']) {
      await expectError(await ask({ url, headers: { origin } }), 403, 'FORBIDDEN');
    }
  });

  test('our own page is', async () => {
    expect((await ask({ url: '/api/stats', headers: { origin: 'http://127.0.0.1:7077' } })).status).toBe(200);
  });
});
