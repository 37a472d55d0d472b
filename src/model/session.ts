/** What a session file holds beside the collector's frames: CONTRACT 9. */
import type { FollowLimits, FollowRequest } from './follow.ts';
import type { Direction, LinkKind } from './journey.ts';
import type { RulesetSnapshot } from './ruleset-snapshot.ts';

/** The first thing in the file, as JSON. */
export interface SessionFacts {
  /** Id of the session: the same in every journey of it. */
  readonly session: string;
  /** Version of tracer that wrote it. */
  readonly tracer: string;
  /** RFC 3339 UTC. */
  readonly startedAt: string;
  /** Of the records: this number, and a digest of where every field stands. */
  readonly recordVersion: number;
  readonly layout: string;
  /** The oldest blocks give way to the newest: its beginning may be gone. */
  readonly rolling?: true;
  /** As the collector said in its hello frame; absent where it never came to that. */
  readonly host?: { readonly kernel: string; readonly machine: string; readonly cpus: number };
  /** CLOCK_MONOTONIC and CLOCK_REALTIME of one moment. */
  readonly clock?: { readonly monotonicNs: string; readonly realtimeNs: string };
}

/** What decides what is printed, in the order in which it took effect among the frames. */
export type SessionNote =
  /** From here on this is followed. */
  | ({ readonly kind: 'follow'; readonly request: FollowRequest } & FollowLimits)
  /** The last one: how the following ended. */
  | { readonly kind: 'end'; readonly child?: { readonly code: number }; readonly error?: EndError }
  /** The writer could not keep up, or had no room: so much is missing here. */
  | { readonly kind: 'skipped'; readonly frames: number; readonly events: number }
  /** From here on rules are read where they decided something: journeys wait for them. */
  | { readonly kind: 'reads-rules' }
  | { readonly kind: 'rules'; readonly rules: RulesetSnapshot }
  /** In these namespaces (cookies) the kernel tells of its rules from here on: journeys wait for it a little. */
  | { readonly kind: 'traces-rules'; readonly places: readonly string[] }
  /** Whole lines of `nft monitor trace`. */
  | { readonly kind: 'traced'; readonly cookie: string; readonly text: string }
  /** In rolling files: under which ids these journeys were told when they closed. */
  | { readonly kind: 'journeys'; readonly journeys: readonly ToldJourney[] };

export interface EndError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Recognised by the packet id and time of its first event. */
export interface ToldJourney {
  readonly packet: number;
  readonly timeNs: number;
  readonly id: string;
  readonly flow?: string;
  readonly direction: Direction;
  /** Of an outcome `continued`. */
  readonly into?: readonly string[];
  readonly links?: readonly {
    readonly kind: LinkKind;
    readonly role: 'parent' | 'child';
    readonly journey: string;
  }[];
}
