import type { BigDecimal, Endpoint, Proto, Tuple } from './journey.ts';

export type FlowState = 'open' | 'answered' | 'unanswered' | 'refused' | 'reset' | 'dropped' | 'closed';

export interface ByDirection {
  readonly request: number;
  readonly reply: number;
  readonly related: number;
}

/** The journeys of one conversation in both directions over NAT: CONTRACT 6. */
export interface Flow {
  readonly schema: 1;
  readonly session: string;
  readonly id: string;
  readonly proto: Proto;
  /** As the originator sent it. */
  readonly orig: Tuple;
  /** As the answering side sends it, before NAT is undone. */
  readonly reply?: Tuple;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly service?: Endpoint;
  readonly backend?: Endpoint;
  readonly state: FlowState;
  /** What to look at first. */
  readonly blame?: { readonly journey: string; readonly hop: number; readonly text: string };
  readonly startedAt: string;
  readonly lastAt: string;
  readonly lastNs: BigDecimal;
  readonly packets: ByDirection;
  readonly bytes: ByDirection;
  readonly retransmits: number;
  readonly dropped: number;
  readonly lost: number;
  readonly latencyNs?: { readonly p50: number; readonly p99: number };
}

/** A flow as the API and the WebSocket show it: of two with the same `id` the one with the larger `rev` holds. */
export interface FlowVersion extends Flow {
  readonly rev: number;
}
