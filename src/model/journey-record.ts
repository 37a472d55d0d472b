import type { Event, LossRecord, Process } from './event.ts';
import type { ClosedBy, ConsumedBy, Direction, Gap, LinkKind, LostCause, Waiting } from './journey.ts';

/** How a journey ended, before names: `at` is an index in `events`. */
export type RawOutcome =
  | { readonly kind: 'delivered'; readonly to: 'stack' | 'process'; readonly at: number }
  | { readonly kind: 'transmitted'; readonly dev: string; readonly at: number }
  | { readonly kind: 'consumed'; readonly by: ConsumedBy; readonly at: number }
  | { readonly kind: 'continued'; readonly into: readonly string[]; readonly at: number }
  | { readonly kind: 'dropped'; readonly reason: string; readonly location: string; readonly at: number }
  | { readonly kind: 'open'; readonly waiting: Waiting; readonly at: number }
  | { readonly kind: 'lost'; readonly cause: LostCause; readonly at: number };

export interface RawLink {
  readonly kind: LinkKind;
  readonly role: 'parent' | 'child';
  readonly journey: string;
}

export interface EndRecord {
  readonly reason: string;
  readonly location: string;
  readonly verdict: { readonly kind: string };
}

/** The events of one packet with what correlation knows of them; resolution makes a `Journey` of it. */
export interface JourneyRecord {
  readonly id: string;
  /** Raised each time that more is told of it: while it is open, when it closes, and when it is amended after that. */
  readonly rev: number;
  readonly events: readonly Event[];
  readonly outcome: RawOutcome;
  /** Absent while it is open. */
  readonly closedBy?: ClosedBy;
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
  readonly links: readonly RawLink[];
  readonly direction: Direction;
  /** Absent where `direction` is none. */
  readonly flow?: string;
  /** The process of a socket that the packet belonged to, by the index of the event that showed the socket. */
  readonly processes: ReadonlyMap<number, Process>;
  /** Is the first event where the packet came to be? */
  readonly born: boolean;
  /** First event of the packet that this is a copy of; the own first event if it is none. */
  readonly origin: Event;
  /** By the index of the event: how the kernel gave the sk_buff back. `reason` is "" for an ordinary end. */
  readonly ends: ReadonlyMap<number, EndRecord>;
}

export type Delta =
  | { readonly kind: 'closed'; readonly journey: JourneyRecord }
  /** Under way for longer than most; told again when more was seen of it. */
  | { readonly kind: 'open'; readonly journey: JourneyRecord }
  /** An event came for a journey that had been closed, and tells more of it. */
  | { readonly kind: 'amended'; readonly journey: JourneyRecord }
  /** An event came for a journey that had been closed, too late to be put in. */
  | { readonly kind: 'late'; readonly journey: string }
  | { readonly kind: 'loss'; readonly loss: LossRecord };
