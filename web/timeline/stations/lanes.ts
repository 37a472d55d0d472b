/**
 * Lane space: every station of every band has a number, from the top down. Bands are namespaces in the order in which packets meet
 * them; the stations within are devices and hooks. More bands than fit at first sight are put together at the ends of the ways.
 */
import type { Track } from '../journeys/track.ts';
import { mergeWays } from './merge.ts';
import { bandName, type PlaceNames, stationLabel } from './place-names.ts';

export interface Station {
  readonly key: string;
  readonly label: string;
}

export type BandKind = 'host' | 'node' | 'pod' | 'netns' | 'tunnel' | 'group';

export interface Band {
  /** The same for as long as the place is shown. */
  readonly key: string;
  readonly kind: BandKind;
  readonly label: string;
  /** What it belongs to, or what it is. */
  readonly note?: string;
  readonly stations: readonly Station[];
  /** Lane of its first station. */
  readonly first: number;
}

export interface Lanes {
  readonly bands: readonly Band[];
  readonly count: number;
  /** By lane: index in `bands`. */
  readonly bandOf: Uint16Array;
  /** The lane of each hop. Only of tracks that the lanes were made of. */
  of(track: Track): Uint16Array;
}

/** Bands at first sight. */
export const BANDS_MAX = 12;

interface Draft {
  readonly place: string;
  readonly key: string;
  readonly stations: readonly Station[];
  /** Where all the ways that touch it begin or end there: the place next to it. */
  readonly leafOf?: string;
  /** How many journeys were there, other than broadcasts. */
  readonly visits: number;
}

export interface WayOf {
  readonly track: Track;
  count: number;
}

/** One track for each way, those of a conversation first, the busiest first: they decide the order. */
export function waysOf(tracks: readonly Track[]): WayOf[] {
  const ways = new Map<string, WayOf>();
  for (const track of tracks) {
    const way = ways.get(track.way);
    if (way === undefined) ways.set(track.way, { track, count: 1 });
    else way.count++;
  }
  const rank = ({ track }: WayOf): number =>
    track.journey.direction === 'request' ? 0 : track.journey.direction === 'none' ? 2 : 1;
  return [...ways.values()].sort(
    (a, b) => rank(a) - rank(b) || b.track.visits.length - a.track.visits.length,
  );
}

const withoutRepeats = (keys: readonly string[]): string[] => keys.filter((key, i) => key !== keys[i - 1]);

/** What the way out calls PREROUTING is POSTROUTING on the way back. */
function joined(labels: ReadonlySet<string>): string {
  const both = labels.has('PREROUTING') && labels.has('POSTROUTING');
  const rest = [...labels].filter(label => !both || (label !== 'PREROUTING' && label !== 'POSTROUTING'));
  return [...(both ? ['PRE/POSTROUTING'] : []), ...rest].join(' · ');
}

/** Stations of one band, merged over the visits of all ways, and for each visit the station of each of its hops. */
function stationsOfBand(visits: readonly { readonly way: WayOf; readonly visit: number }[]): {
  readonly stations: Station[];
  readonly stops: readonly (readonly number[])[];
} {
  const hopsOf = visits.map(({ way: { track }, visit }) =>
    track.stations.flatMap((key, hop) => (track.visitOf[hop] === visit ? [{ key, hop }] : [])),
  );
  const merged = mergeWays(
    hopsOf.map((hops, i) => ({
      places: withoutRepeats(hops.map(({ key }) => key)),
      back: visits[i]!.way.track.back,
    })),
  );
  const met = merged.order.map(() => new Set<string>());
  const stops = hopsOf.map((hops, i) => {
    let at = -1;
    return hops.map(({ key, hop }, n) => {
      if (n === 0 || key !== hops[n - 1]!.key) at++;
      const station = merged.stops[i]![at]!;
      met[station]!.add(stationLabel(visits[i]!.way.track.journey.hops[hop]!, key));
      return station;
    });
  });
  const stations = merged.order.map((key, i) => ({ key, label: joined(met[i]!) }));
  return { stations, stops };
}

/** Ends of ways next to one place, and what only broadcasts reached, are put together until there are few enough. */
function groupsOf(drafts: readonly Draft[], most: number): Map<string, string> {
  const groups = new Map<string, string>();
  const byNeighbour = Map.groupBy(
    drafts.filter(draft => draft.leafOf !== undefined),
    draft => `${draft.visits === 0 ? 'heard' : 'leaf'} ${draft.leafOf}`,
  );
  const candidates = [...byNeighbour].filter(([, members]) => members.length > 1);
  const heardFirst = ([key]: [string, Draft[]]): number => (key.startsWith('heard') ? 0 : 1);
  candidates.sort((a, b) => heardFirst(a) - heardFirst(b) || b[1].length - a[1].length);
  let left = drafts.length;
  for (const [key, members] of candidates) {
    if (left <= most && !key.startsWith('heard')) break;
    for (const member of members) groups.set(member.key, `group ${key}`);
    left -= members.length - 1;
  }
  if (left > most) {
    // Whatever is left over: the last ones, together.
    const rest = drafts
      .filter(draft => !groups.has(draft.key))
      .slice(most - 1 - new Set(groups.values()).size);
    if (rest.length > 1) for (const draft of rest) groups.set(draft.key, 'group rest');
  }
  return groups;
}

class LaneMap implements Lanes {
  readonly bands: readonly Band[];
  readonly count: number;
  readonly bandOf: Uint16Array;
  readonly #ofWay: ReadonlyMap<string, Uint16Array>;

  constructor(bands: readonly Band[], ofWay: ReadonlyMap<string, Uint16Array>) {
    this.bands = bands;
    this.count = bands.reduce((sum, band) => sum + band.stations.length, 0);
    this.bandOf = new Uint16Array(this.count);
    for (const [i, band] of bands.entries())
      this.bandOf.fill(i, band.first, band.first + band.stations.length);
    this.#ofWay = ofWay;
  }

  of(track: Track): Uint16Array {
    return this.#ofWay.get(track.way)!;
  }
}

function leafOf(
  at: number,
  ways: readonly WayOf[],
  stops: readonly (readonly number[])[],
  places: readonly string[],
): string | undefined {
  let next: number | undefined;
  for (const [w] of ways.entries()) {
    const path = stops[w]!;
    const i = path.indexOf(at);
    if (i < 0) continue;
    if (i > 0 && i < path.length - 1) return undefined;
    const neighbour = path.length === 1 ? undefined : i === 0 ? path[1] : path.at(-2);
    if (neighbour === undefined) continue;
    if (next !== undefined && next !== neighbour) return undefined;
    next = neighbour;
  }
  return next === undefined ? undefined : places[next];
}

export interface LaneOptions {
  /** Groups that are to be shown one by one, by the key of the group. */
  readonly ungrouped?: ReadonlySet<string>;
  readonly most?: number;
}

export function lanesOf(tracks: readonly Track[], names: PlaceNames, options: LaneOptions = {}): Lanes {
  const ways = waysOf(tracks);
  const merged = mergeWays(
    ways.map(({ track }) => ({ places: track.visits.map(visit => visit.place), back: track.back })),
  );
  const inner = merged.order.map((_, at) => {
    const visits = ways.flatMap((way, w) =>
      merged.stops[w]!.flatMap((stop, visit) => (stop === at ? [{ way, visit }] : [])),
    );
    return { visits, ...stationsOfBand(visits) };
  });
  const drafts = merged.order.map((key, at): Draft => {
    const leaf = leafOf(at, ways, merged.stops, merged.order);
    const heard = inner[at]!.visits.filter(({ way }) => way.track.journey.direction !== 'none');
    return {
      key,
      place: key.replace(/@\d+$/, ''),
      stations: inner[at]!.stations,
      visits: heard.reduce((sum, { way }) => sum + way.count, 0),
      ...(leaf === undefined ? {} : { leafOf: leaf }),
    };
  });
  const groups = groupsOf(drafts, options.most ?? BANDS_MAX);
  for (const [key, group] of groups) if (options.ungrouped?.has(group)) groups.delete(key);
  const { bands, laneOf } = assemble(drafts, groups, names);
  const ofWay = new Map<string, Uint16Array>();
  for (const { track } of ways) ofWay.set(track.way, new Uint16Array(track.stations.length));
  for (const [at, { visits, stops }] of inner.entries())
    for (const [v, { way, visit }] of visits.entries()) {
      const lanes = ofWay.get(way.track.way)!;
      const first = way.track.visits[visit]!.firstHop;
      for (const [n, station] of stops[v]!.entries()) lanes[first + n] = laneOf(at, station);
    }
  return new LaneMap(bands, ofWay);
}

function assemble(
  drafts: readonly Draft[],
  groups: ReadonlyMap<string, string>,
  names: PlaceNames,
): { readonly bands: Band[]; readonly laneOf: (draft: number, station: number) => number } {
  const bands: Band[] = [];
  const firstLane = new Map<string, number>();
  let first = 0;
  for (const draft of drafts) {
    const group = groups.get(draft.key);
    if (group === undefined) {
      bands.push({ key: draft.key, ...bandName(draft.place, names), stations: draft.stations, first });
      firstLane.set(draft.key, first);
      first += draft.stations.length;
      continue;
    }
    if (bands.some(band => band.key === group)) continue;
    const members = drafts.filter(({ key }) => groups.get(key) === group);
    const stations = members.map(({ key, place }) => ({ key, label: bandName(place, names).label }));
    const label = `${members.length} ${group.startsWith('group heard') ? 'others' : 'places'}`;
    bands.push({ key: group, kind: 'group', label, note: 'click to see each', stations, first });
    for (const [i, member] of members.entries()) firstLane.set(member.key, first + i);
    first += members.length;
  }
  const laneOf = (at: number, station: number): number => {
    const { key } = drafts[at]!;
    return firstLane.get(key)! + (groups.has(key) ? 0 : station);
  };
  return { bands, laneOf };
}
