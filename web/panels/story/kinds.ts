import type { Topology } from '../../../src/model/topology.ts';
import type { PlaceColour } from '../../app/palette.ts';
import { colourOf } from '../../topology/place-words.ts';
import { isSpace } from '../../topology/tree.ts';

/** What kind of place a namespace is, by its cookie, as the inventory knows it. */
export function colourByCookie(topology: Topology | undefined): ReadonlyMap<string, PlaceColour> {
  const kinds = new Map<string, PlaceColour>();
  for (const place of topology?.places ?? [])
    if (isSpace(place) && place.netns !== undefined) kinds.set(place.netns, colourOf(place.kind));
  return kinds;
}
