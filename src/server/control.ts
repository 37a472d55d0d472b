/**
 * What the server asks of the daemon that it belongs to. The server knows HTTP, the store and this; the daemon knows the kernel.
 * Everything that may fail throws a `TracerError`.
 */
import type { Readable } from 'node:stream';
import type { Selection } from '../inventory/selection.ts';
import type { FollowRequest } from '../model/follow.ts';
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
  };
}

export interface Control {
  readonly session: string;
  /** Attached and reading: /readyz. */
  isReady(): boolean;
  stats(): Stats;
  topology(): Topology;
  follows(): readonly Follow[];
  /** Resolves when it is in force in the kernel. @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE. */
  follow(request: FollowRequest): Promise<Follow>;
  /** One follower less. False: there is no such follow. */
  unfollow(id: string): Promise<boolean>;
  /** Sends a scenario's traffic in the practice cluster. @throws LAB_NOT_UP, USAGE for a name that is none. */
  runScenario(name: string): Promise<void>;
  /** The recording so far as a session file (CONTRACT 9). */
  sessionFile(): Readable;
}
