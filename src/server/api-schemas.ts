/** What goes in and out of each route, as JSON Schema: what comes in is held against it, what goes out is by the tests. */
import { Type } from 'typebox';
import { protocolPattern } from '../model/follow.ts';
import type { NextStep } from '../model/next-step.ts';
import { flowVersionSchema, journeyVersionSchema } from '../model/schema.generated.ts';
import type { Stats } from '../model/stats.ts';
import type { Topology } from '../model/topology.ts';
import type { Follow, LabOffer, ScenarioRun } from './control.ts';

const Id = Type.String({ minLength: 1, maxLength: 64 });
const Text = Type.String({ minLength: 1, maxLength: 256 });
const Count = Type.Integer({ minimum: 0 });
const closed = { additionalProperties: false } as const;

const outcomes = ['delivered', 'transmitted', 'consumed', 'continued', 'dropped', 'open', 'lost'] as const;
const states = ['open', 'answered', 'unanswered', 'refused', 'reset', 'dropped', 'closed'] as const;

export const LIMIT_MAX = 1000;
const ranged = {
  since: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 200 })),
};

export const filterKeys = {
  flow: Type.Optional(Id),
  outcome: Type.Optional(Type.Enum([...outcomes])),
  state: Type.Optional(Type.Enum([...states])),
  from: Type.Optional(Text),
  to: Type.Optional(Text),
  q: Type.Optional(Text),
};
const { state, outcome, ...common } = filterKeys;

export const JourneysQuery = Type.Object({ ...common, outcome, ...ranged }, closed);
export const FlowsQuery = Type.Object({ ...common, state, ...ranged }, closed);
export const NoQuery = Type.Object({}, closed);
export const IdParams = Type.Object({ id: Id }, closed);
export const LoginBody = Type.Object({ token: Type.String({ minLength: 1, maxLength: 256 }) }, closed);
export const LabRunBody = Type.Object(
  { name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }) },
  closed,
);
export const EmptyBody = Type.Object({}, closed);
export const FollowBody = Type.Object(
  {
    src: Text,
    dst: Text,
    namespace: Type.Optional(Text),
    selector: Type.Optional(Text),
    cluster: Type.Optional(Text),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    proto: Type.Optional(Type.String({ pattern: protocolPattern })),
  },
  closed,
);

/** What a client of the live stream says. */
export const Subscribe = Type.Object(
  {
    type: Type.Literal('subscribe'),
    topics: Type.Array(Type.Enum(['journeys', 'flows', 'topology', 'stats']), { minItems: 1, maxItems: 4 }),
    filter: Type.Optional(Type.Object(filterKeys, closed)),
    since: ranged.since,
    session: Type.Optional(Id),
  },
  closed,
);

/** Over the live stream: gone with the connection. */
export const LiveFollow = Type.Object({ type: Type.Literal('follow'), request: FollowBody }, closed);
export const LiveUnfollow = Type.Object({ type: Type.Literal('unfollow'), id: Id }, closed);

/** Schemas of a file of their own have references within: as a part of another one they need a name. */
const named = (id: string, schema: Readonly<Record<string, unknown>>) =>
  Type.Unsafe<unknown>({ ...schema, $id: id });
const errorKeys = Type.Object({ code: Text, message: Text, hint: Text }, closed);
const page = { session: Text, next: Count, oldest: Count, evicted: Count };

export const JourneyReply = named('tracer:journey', journeyVersionSchema);
export const FlowReply = named('tracer:flow', flowVersionSchema);
/** What to look at after a journey. */
export const NextStepsReply = Type.Unsafe<{ readonly steps: readonly NextStep[] }>(
  Type.Object(
    {
      steps: Type.Array(
        Type.Object(
          { text: Type.String({ minLength: 1 }), command: Type.Optional(Type.String({ minLength: 1 })) },
          closed,
        ),
      ),
    },
    closed,
  ),
);
export const JourneysReply = Type.Object({ ...page, journeys: Type.Array(JourneyReply) }, closed);
export const FlowsReply = Type.Object({ ...page, flows: Type.Array(FlowReply) }, closed);

/** Of the machine, as `follow` has to know it: names to addresses and namespaces. */
const Selection = Type.Object({
  kind: Type.Enum(['pod', 'service', 'node', 'netns', 'container', 'ip', 'cidr', 'any', 'pods']),
  label: Type.String(),
  ips: Type.Array(Type.String()),
  cidrs: Type.Array(Type.String()),
  netnsCookies: Type.Array(Type.String()),
});
export const FollowReply = Type.Unsafe<Follow>(
  Type.Object(
    {
      ...FollowBody.properties,
      id: Id,
      since: Type.String(),
      followers: Type.Integer({ minimum: 1 }),
      target: Type.Object(
        {
          src: Selection,
          dst: Selection,
          dnsIps: Type.Array(Type.String()),
          cluster: Type.Optional(Type.String()),
        },
        closed,
      ),
    },
    closed,
  ),
);
export const FollowsReply = Type.Object({ session: Text, follows: Type.Array(FollowReply) }, closed);
export const LabRunReply = Type.Unsafe<ScenarioRun>(
  Type.Object({ name: Text, cluster: Text, since: Count, follow: FollowReply }, closed),
);
export const LabReply = Type.Unsafe<LabOffer>(
  Type.Object(
    {
      clusters: Type.Array(Text),
      scenarios: Type.Array(
        Type.Object({ name: Text, title: Text, before: Type.String(), after: Type.String() }, closed),
      ),
    },
    closed,
  ),
);
export const OkReply = Type.Object({ ok: Type.Literal(true) }, closed);

const places = ['host', 'node', 'pod', 'netns', 'dev', 'bridge', 'tunnel', 'service'] as const;
const topology = Type.Object(
  {
    rev: Count,
    places: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          kind: Type.Enum([...places]),
          name: Type.String(),
          parent: Type.Optional(Type.String()),
          netns: Type.Optional(Type.String()),
          ifindex: Type.Optional(Count),
          cluster: Type.Optional(Type.String()),
          namespace: Type.Optional(Type.String()),
          addresses: Type.Optional(Type.Array(Type.String())),
          up: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
    links: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          kind: Type.Enum(['veth', 'port', 'tunnel', 'lower']),
          a: Type.String(),
          b: Type.String(),
        },
        closed,
      ),
    ),
  },
  closed,
);

const stats = Type.Object(
  {
    session: Text,
    startedAt: Text,
    startNs: Type.String({ pattern: '^[0-9]+$' }),
    replay: Type.Optional(Type.Object({ name: Text }, closed)),
    host: Type.Object({ kernel: Type.String(), machine: Type.String(), cpus: Count }, closed),
    taps: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          mechanism: Type.String(),
          state: Type.Enum(['on', 'off', 'refused']),
          reason: Type.Optional(Type.String()),
          events: Count,
          lost: Count,
        },
        closed,
      ),
    ),
    events: Type.Object(
      {
        seen: Count,
        filtered: Type.Object({ own: Count, sampled: Count }, closed),
        lost: Count,
        malformed: Count,
        unaccounted: Type.Integer(),
      },
      closed,
    ),
    journeys: Type.Object(
      { closed: Count, open: Count, kept: Count, evicted: Count, filtered: Count },
      closed,
    ),
    recording: Type.Optional(
      Type.Object(
        {
          storedBytes: Count,
          skippedFrames: Count,
          skippedEvents: Count,
          failed: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    suspectJoins: Count,
    lateEvents: Count,
  },
  closed,
);

const batch = { seq: Count };
/** What the live stream says. */
export const LiveReply = Type.Union([
  Type.Object({ type: Type.Literal('hello'), session: Text, seq: Count, schema: Type.Literal(1) }, closed),
  Type.Object({ type: Type.Literal('journeys'), ...batch, items: Type.Array(JourneyReply) }, closed),
  Type.Object({ type: Type.Literal('flows'), ...batch, items: Type.Array(FlowReply) }, closed),
  Type.Object({ type: Type.Literal('topology'), ...batch, items: Type.Array(topology) }, closed),
  Type.Object({ type: Type.Literal('stats'), ...batch, items: Type.Array(stats) }, closed),
  Type.Object(
    {
      type: Type.Literal('skipped'),
      from: Count,
      to: Count,
      count: Count,
      reason: Type.Enum(['slow', 'evicted']),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('reset') }, closed),
  Type.Object({ type: Type.Literal('error'), error: errorKeys }, closed),
]);

export const TopologyReply = Type.Unsafe<Topology>(topology);
export const StatsReply = Type.Unsafe<Stats>(stats);

export const ErrorReply = Type.Object({ error: errorKeys }, closed);
