/** The routes of CONTRACT 8, described in docs/api.md. */

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { TracerError } from '../base/errors.ts';
import type { JourneyStore } from '../store/journey-store.ts';
import { type Access, LOGIN_PATH } from './access.ts';
import * as schema from './api-schemas.ts';
import type { Control } from './control.ts';
import type { LiveHub } from './live-hub.ts';
import type { Metrics } from './metrics.ts';
import { finish, pageStream } from './pages.ts';

export interface RouteContext {
  readonly control: Control;
  readonly store: JourneyStore;
  readonly access: Access;
  readonly live: LiveHub;
  readonly metrics: Metrics;
}

const LIMIT = 200;
const json = (reply: FastifyReply): FastifyReply => reply.type('application/json; charset=utf-8');

export function addRoutes(instance: FastifyInstance, context: RouteContext): void {
  const app = typed(instance);
  addKept(app, context);
  addHost(app, context);
  addFollows(app, context);
  const { access, control, live, metrics } = context;
  app.route({
    method: 'GET',
    url: '/api/live',
    preValidation: async () => live.requireRoom(),
    handler: () => {
      throw new TracerError('USAGE', 'this is a WebSocket: ask for an upgrade', {
        hint: 'see "The live stream" in docs/api.md',
      });
    },
    wsHandler: socket => live.add(socket),
  });
  app.post(
    LOGIN_PATH,
    { schema: { body: schema.LoginBody, response: { 200: schema.OkReply } } },
    async ({ body }, reply) => {
      access.login(body.token, reply);
      return { ok: true as const };
    },
  );
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  app.get('/healthz', { schema: { response: { 200: schema.OkReply } } }, async () => ({ ok: true as const }));
  app.get('/readyz', { schema: { response: { 200: schema.OkReply } } }, async () => {
    if (!control.isReady())
      throw new TracerError('TOO_BUSY', 'the taps are not attached, or the collector does not answer');
    return { ok: true as const };
  });
}

const typed = (instance: FastifyInstance) => instance.withTypeProvider<TypeBoxTypeProvider>();
type App = ReturnType<typeof typed>;

/** What the store has. */
function addKept(app: App, { store, control }: RouteContext): void {
  const head = (next: number, evicted: number) => ({
    session: store.session,
    next,
    oldest: store.oldest,
    evicted,
  });
  app.get(
    '/api/journeys',
    { schema: { querystring: schema.JourneysQuery, response: { 200: schema.JourneysReply } } },
    async ({ query: { since, limit = LIMIT, ...filter } }, reply) => {
      const search = store.journeys(filter, { limit, ...(since === undefined ? {} : { since }) });
      const found = await finish(search);
      const write = (journey: (typeof found)[number]): string => JSON.stringify(journey.version());
      return json(reply).send(
        pageStream(head(search.next, store.counts.evictedJourneys), 'journeys', found, write),
      );
    },
  );
  app.get(
    '/api/flows',
    { schema: { querystring: schema.FlowsQuery, response: { 200: schema.FlowsReply } } },
    async ({ query: { since, limit = LIMIT, ...filter } }, reply) => {
      const search = store.flows(filter, { limit, ...(since === undefined ? {} : { since }) });
      // One that is evicted meanwhile is left out.
      const found = (await finish(search)).flatMap(flow => store.flowVersion(flow) ?? []);
      return json(reply).send(
        pageStream(head(search.next, store.counts.evictedFlows), 'flows', found, flow =>
          JSON.stringify(flow),
        ),
      );
    },
  );
  app.get(
    '/api/journeys/:id',
    {
      schema: {
        params: schema.IdParams,
        querystring: schema.NoQuery,
        response: { 200: schema.JourneyReply },
      },
    },
    async ({ params: { id } }) => store.journey(id) ?? notKept('journey', id),
  );
  app.get(
    '/api/journeys/:id/next-steps',
    {
      schema: {
        params: schema.IdParams,
        querystring: schema.NoQuery,
        response: { 200: schema.NextStepsReply },
      },
    },
    async ({ params: { id } }) => {
      const journey = store.journey(id) ?? notKept('journey', id);
      const flow = journey.flow === undefined ? undefined : store.flow(journey.flow);
      return { steps: control.nextSteps(journey, flow) };
    },
  );
  app.get(
    '/api/flows/:id',
    { schema: { params: schema.IdParams, querystring: schema.NoQuery, response: { 200: schema.FlowReply } } },
    async ({ params: { id } }) => store.flow(id) ?? notKept('flow', id),
  );
}

function notKept(what: string, id: string): never {
  throw new TracerError('NOT_FOUND', `no ${what} ${id} is kept: it never was, or was evicted`);
}

/** What the daemon tells of itself and of the machine. */
function addHost(app: App, { control, store }: RouteContext): void {
  app.get(
    '/api/topology',
    { schema: { querystring: schema.NoQuery, response: { 200: schema.TopologyReply } } },
    async () => control.topology(),
  );
  app.get(
    '/api/stats',
    { schema: { querystring: schema.NoQuery, response: { 200: schema.StatsReply } } },
    async () => control.stats(),
  );
  app.get('/api/session', { schema: { querystring: schema.NoQuery } }, async (_request, reply) => {
    // Before the headers: there may be none.
    const file = await control.sessionFile();
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${store.session}.tracer"`)
      .send(file);
  });
  app.post(
    '/api/lab/run',
    { schema: { body: schema.LabRunBody, response: { 200: schema.LabRunReply } } },
    async ({ body: { name } }) => control.runScenario(name),
  );
  app.get(
    '/api/lab',
    { schema: { querystring: schema.NoQuery, response: { 200: schema.LabReply } } },
    async () => control.lab(),
  );
}

function addFollows(app: App, { control, store }: RouteContext): void {
  app.get(
    '/api/follows',
    { schema: { querystring: schema.NoQuery, response: { 200: schema.FollowsReply } } },
    async () => ({ session: store.session, follows: [...control.follows()] }),
  );
  app.post(
    '/api/follows',
    { schema: { body: schema.FollowBody, response: { 201: schema.FollowReply } } },
    async ({ body }, reply) => {
      const follow = await control.follow(body);
      void reply.code(201);
      return follow;
    },
  );
  app.delete(
    '/api/follows/:id',
    { schema: { params: schema.IdParams, body: schema.EmptyBody, response: { 200: schema.OkReply } } },
    async ({ params: { id } }) => {
      if (!(await control.unfollow(id)))
        throw new TracerError('NOT_FOUND', `there is no follow ${id}`, {
          hint: 'GET /api/follows lists them',
        });
      return { ok: true as const };
    },
  );
}
