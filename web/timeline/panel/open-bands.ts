/** Which bands show their stations one by one. What the reader opened or closed holds; else few stations are shown as they are. */
import type { Columns } from '../journeys/columns.ts';
import { mark } from '../journeys/track.ts';
import { BANDS_MAX, type Lanes } from '../stations/lanes.ts';

export function openBands(
  lanes: Lanes,
  columns: Columns,
  selected: number | undefined,
  chosen: ReadonlyMap<string, boolean>,
): Set<string> {
  const open = new Set<string>();
  if (lanes.count <= BANDS_MAX) for (const band of lanes.bands) open.add(band.key);
  if (selected !== undefined) for (const band of tellingBands(lanes, columns, selected)) open.add(band);
  for (const [key, isOpen] of chosen) {
    if (isOpen) open.add(key);
    else open.delete(key);
  }
  return open;
}

/** Where a journey is rewritten or dropped. */
function* tellingBands(lanes: Lanes, columns: Columns, journey: number): Generator<string> {
  const first = columns.first[journey]!;
  const { outcome } = columns.tracks[journey]!.journey;
  for (let hop = first; hop < columns.first[journey + 1]!; hop++) {
    const what = columns.marks[hop]!;
    const rewritten = what !== mark.none && what !== mark.encap && what !== mark.decap;
    const dropped = outcome.kind === 'dropped' && outcome.at === hop - first;
    if (rewritten || dropped) yield lanes.bands[lanes.bandOf[columns.lanes[hop]!]!]!.key;
  }
}
