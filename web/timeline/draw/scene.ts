/** All that one frame is drawn from: plain data, nothing that asks the page. Px begin at the left top corner of the plot. */
import type { Palette } from '../../app/palette.ts';
import type { Columns } from '../journeys/columns.ts';
import type { Joint } from '../journeys/joints.ts';
import { look } from '../journeys/track.ts';
import type { LaneScale } from '../stations/lane-scale.ts';
import type { Lanes } from '../stations/lanes.ts';
import type { TimeScale } from '../time/time-scale.ts';

export interface Spot {
  /** Index in the columns. */
  readonly journey: number;
  /** Index in its hops. */
  readonly hop: number;
}

/** What is usual among the journeys shown, in overlay. */
export interface Usual {
  readonly label: string;
  readonly times: Float64Array;
  readonly lanes: Uint16Array;
  readonly looks: Uint8Array;
}

export interface Scene {
  readonly kind: 'time' | 'overlay' | 'even';
  readonly columns: Columns;
  readonly joints: readonly Joint[];
  readonly lanes: Lanes;
  readonly laneScale: LaneScale;
  readonly time: TimeScale;
  readonly heightPx: number;
  readonly palette: Palette;
  readonly selected?: Spot;
  readonly hovered?: Spot;
  readonly usual: readonly Usual[];
  /** Where the first stretch of the axis counts from. */
  readonly originNs: number;
  /** The latest that is known: what is open lasts until then. */
  readonly latestNs: number;
}

export const AXIS_PX = 26;

export const hopIndex = ({ columns }: Scene, { journey, hop }: Spot): number => columns.first[journey]! + hop;

export function pointOf(scene: Scene, hop: number): readonly [number, number] {
  return [scene.time.x(scene.columns.times[hop]!), scene.laneScale.y(scene.columns.lanes[hop]!)];
}

/** The colour of a packet by what was rewritten: with both, the source's is dashed over it. */
export function lineColour(state: number, palette: Palette): string {
  if ((state & look.dnat) !== 0) return palette.change.dnat;
  if ((state & look.snat) !== 0) return palette.change.snat;
  return palette.accent;
}

export const isTwiceRewritten = (state: number): boolean =>
  (state & (look.dnat | look.snat)) === (look.dnat | look.snat);
