import type { BigDecimal } from './journey.ts';

/**
 * `/api/stats` of CONTRACT 8. Its sums balance: seen = what the taps told + filtered + lost + malformed + unaccounted, and
 * closed + open = kept + evicted.
 */

export interface TapStats {
  readonly name: string;
  readonly mechanism: string;
  readonly state: 'on' | 'off' | 'refused';
  readonly reason?: string;
  readonly events: number;
  readonly lost: number;
}

export interface RecordingStats {
  readonly storedBytes: number;
  /** What the disk was too slow for: they are not in the file, which says so. */
  readonly skippedFrames: number;
  readonly skippedEvents: number;
  /** Why nothing more is written. Absent: all is well. */
  readonly failed?: string;
}

export interface Stats {
  readonly session: string;
  /** When the session began: RFC 3339 UTC, and the kernel's monotonic clock, from which `startNs` of journeys counts too. */
  readonly startedAt: string;
  readonly startNs: BigDecimal;
  /** The recording that is shown: nothing can be followed. Absent: this is live. */
  readonly replay?: { readonly name: string };
  readonly host: { readonly kernel: string; readonly machine: string; readonly cpus: number };
  readonly taps: readonly TapStats[];
  readonly events: {
    readonly seen: number;
    readonly filtered: { readonly own: number; readonly sampled: number };
    readonly lost: number;
    readonly malformed: number;
    /** What the kernel side counted as seen, less all of the others: 0, or events got lost (or, below 0, came up) without a word. */
    readonly unaccounted: number;
  };
  readonly journeys: {
    /** Followed by somebody when they closed. */
    readonly closed: number;
    /** Followed, and not closed yet. */
    readonly open: number;
    /** Of those, in memory. */
    readonly kept: number;
    /** Closed ones that were forgotten; an open one that has to go comes again when it closes. */
    readonly evicted: number;
    /** Closed, and followed by nobody: the kernel's filter is wider than what is asked for. */
    readonly filtered: number;
  };
  /** The session file of `GET /api/session`. Absent: none is kept. */
  readonly recording?: RecordingStats;
  readonly suspectJoins: number;
  readonly lateEvents: number;
}
