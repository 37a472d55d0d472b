/** `/api/stats` of CONTRACT 8, where the sums balance: seen = correlated + filtered + lost + malformed. */

export interface TapStats {
  readonly name: string;
  readonly mechanism: string;
  readonly state: 'on' | 'off' | 'refused';
  readonly reason?: string;
  readonly events: number;
  readonly lost: number;
}

export interface Stats {
  readonly session: string;
  readonly host: { readonly kernel: string; readonly machine: string; readonly cpus: number };
  readonly taps: readonly TapStats[];
  readonly events: {
    readonly seen: number;
    readonly filtered: { readonly own: number; readonly sampled: number };
    readonly lost: number;
    readonly malformed: number;
  };
  readonly journeys: { readonly closed: number; readonly open: number; readonly evicted: number };
  readonly suspectJoins: number;
  readonly lateEvents: number;
}
