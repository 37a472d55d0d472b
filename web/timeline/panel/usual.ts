import type { Usual } from '../draw/scene.ts';
import type { Lanes } from '../stations/lanes.ts';
import type { Shown } from './shown.ts';

/** Of one journey nothing is usual. */
const LEAST = 3;

/** The bold lines of an overlay. */
export function usualOf({ overlay, tracks }: Shown, lanes: Lanes): Usual[] {
  const like = tracks[0];
  if (overlay === undefined || like === undefined || tracks.length < LEAST) return [];
  const shape = { lanes: lanes.of(like), looks: like.looks };
  return [
    { label: 'p50', times: overlay.p50, ...shape },
    { label: 'p99', times: overlay.p99, ...shape },
  ];
}
