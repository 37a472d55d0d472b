/**
 * Where one journey comes out of another (a copy, a segment), goes on as another (merged, put together) or answers it. A joint begins
 * at the parent's last hop that is not later than the child's first, and ends there: so a fork starts where the packet was then.
 */
import type { LinkKind } from '../../../src/model/journey.ts';
import type { Columns } from './columns.ts';

export interface Joint {
  readonly kind: LinkKind;
  /** Indexes in the columns, of hops. */
  readonly from: number;
  readonly to: number;
  /** Journeys, likewise. */
  readonly parent: number;
  readonly child: number;
}

/** A packet becomes another; the rest only refer to each other. */
export const isFork = (kind: LinkKind): boolean =>
  kind !== 'retransmit' && kind !== 'error' && kind !== 'answer';

export function jointsOf(columns: Columns): Joint[] {
  const joints: Joint[] = [];
  for (const [child, track] of columns.tracks.entries()) {
    for (const { kind, role, journey } of track.journey.links) {
      if (role !== 'parent') continue;
      const parent = columns.indexOf(journey);
      if (parent === undefined || parent === child) continue;
      const to = columns.first[child]!;
      joints.push({ kind, parent, child, to, from: lastNotAfter(columns, parent, columns.times[to]!) });
    }
  }
  return joints;
}

function lastNotAfter(columns: Columns, journey: number, ns: number): number {
  const first = columns.first[journey]!;
  let at = columns.first[journey + 1]! - 1;
  while (at > first && columns.times[at]! > ns) at--;
  return at;
}
