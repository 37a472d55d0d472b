/**
 * What the server asks of the daemon that it belongs to. The server knows HTTP, the store and this; the daemon knows the kernel.
 * Everything that may fail throws a `TracerError`.
 */
import type { Readable } from 'node:stream';
import type { Selection } from '../inventory/selection.ts';
import type { Flow } from '../model/flow.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { AnyJourney } from '../model/journey.ts';
import type { NextStep } from '../model/next-step.ts';
import type { Stats } from '../model/stats.ts';
import type { Topology } from '../model/topology.ts';

export interface Follow extends FollowRequest {
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly since: string;
  /** Who wants it: the same request of two is one follow, gone with the last of them. */
  readonly followers: number;
  /** What it means on this host at present: whoever takes the live stream picks its own journeys by it. */
  readonly target: {
    readonly src: Selection;
    readonly dst: Selection;
    /** Addresses that answer DNS for SRC. */
    readonly dnsIps: readonly string[];
    /** What is seen in other clusters alone is not meant. */
    readonly cluster?: string;
  };
}

/** What a practice cluster has to offer. */
export interface LabOffer {
  /** Those that are up; scenarios run in the first. */
  readonly clusters: readonly string[];
  /** In the order in which they teach; `before` says what will be seen, `after` what it shows. */
  readonly scenarios: readonly {
    readonly name: string;
    readonly title: string;
    readonly before: string;
    readonly after: string;
  }[];
}

/** A scenario whose traffic is over. */
export interface ScenarioRun {
  readonly name: string;
  /** Where it ran, such as `lab:default`. */
  readonly cluster: string;
  /** Number of the last change before it: `GET /api/journeys?since=` has what came of it. */
  readonly since: number;
  /** What was followed meanwhile. It has ended. */
  readonly follow: Follow;
}

export interface Control {
  readonly session: string;
  /** Attached, reading, and in force what was asked for last: /readyz. */
  isReady(): boolean;
  stats(): Stats;
  topology(): Topology;
  /** As `tracer explain` ends. */
  nextSteps(journey: AnyJourney, flow: Flow | undefined): readonly NextStep[];
  follows(): readonly Follow[];
  /** Resolves when it is in force in the kernel. @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE. */
  follow(request: FollowRequest): Promise<Follow>;
  /** One follower less, when all that happened before has been told. False: there is no such follow. */
  unfollow(id: string): Promise<boolean>;
  lab(): LabOffer;
  /** Sends a scenario's traffic and follows it meanwhile. @throws LAB_NOT_UP, LAB_FAILED, UNKNOWN_NAME. */
  runScenario(name: string): Promise<ScenarioRun>;
  /** The recording so far as a session file (CONTRACT 9). @throws SESSION_FILE. */
  sessionFile(): Promise<Readable>;
}
