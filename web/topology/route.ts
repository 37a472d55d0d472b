/**
 * The way of a journey through the picture: from place to place along the lines that join them, and where on it each hop is. A bar is
 * walked along; where it is passed more than once, each time a little beside the last.
 */
import type { AnyJourney, Hop } from '../../src/model/journey.ts';
import { nearest, type Point, type Spot } from './geometry.ts';
import type { Layout, Line } from './picture.ts';

export interface Route {
  /** In pieces: what lies between is not drawn as if it had been seen. */
  readonly pieces: readonly (readonly Point[])[];
  /** Between pieces: the packet must have gone from one to the other somehow. */
  readonly jumps: readonly (readonly [Point, Point])[];
  /** By index of the hop; undefined: its place is not in the picture. */
  readonly hops: readonly (Point | undefined)[];
}

const devId = ({ netns, ifindex }: Hop): string => `dev:${netns.cookie}:${ifindex}`;
const atDevice: ReadonlySet<Hop['layer']> = new Set(['device', 'bridge', 'tunnel', 'neighbour', 'tc', 'xdp']);

/** Id of the place of a hop: its device where it is at one, else its namespace. */
export function placeOf(hop: Hop, spots: { has(id: string): boolean }): string | undefined {
  if (atDevice.has(hop.layer) && hop.ifindex !== undefined && spots.has(devId(hop))) return devId(hop);
  const space = `netns:${hop.netns.cookie}`;
  return spots.has(space) ? space : undefined;
}

/** All places that a packet passes, also what no picture shows. */
export function placesOf({ hops }: Pick<AnyJourney, 'hops'>): Set<string> {
  const places = new Set<string>();
  for (const hop of hops) {
    places.add(`netns:${hop.netns.cookie}`);
    if (hop.ifindex !== undefined) places.add(devId(hop));
  }
  return places;
}

interface Visit {
  readonly place: string;
  readonly spot: Spot;
  readonly hops: number[];
}

/**
 * Of each hop. Hooks that a packet passes between two ports of a bridge, or between a port and its bridge (br_netfilter), are on its way
 * along the bridge, not up to the routing and back.
 */
function placesOnWay(hops: readonly Hop[], { spots, bridges }: Layout): (string | undefined)[] {
  const places = hops.map(hop => placeOf(hop, spots));
  const bridgeAt = (index: number): string | undefined => {
    const place = places[index];
    if (place === undefined || !place.startsWith('dev:')) return undefined;
    return bridges.get(place) ?? (spots.get(place)?.kind === 'bar' ? place : undefined);
  };
  for (let from = 0; from < hops.length; from++) {
    const bridge = bridgeAt(from);
    if (bridge === undefined) continue;
    let to = from + 1;
    while (places[to] === `netns:${hops[from]!.netns.cookie}`) to++;
    if (to > from + 1 && bridgeAt(to) === bridge) places.fill(bridge, from + 1, to);
  }
  return places;
}

function visitsOf(hops: readonly Hop[], layout: Layout): Visit[] {
  const { spots } = layout;
  const places = placesOnWay(hops, layout);
  const visits: Visit[] = [];
  for (const hop of hops) {
    const place = places[hop.index];
    const spot = place === undefined ? undefined : spots.get(place);
    if (place === undefined || spot === undefined) continue;
    const last = visits.at(-1);
    if (last?.place === place) last.hops.push(hop.index);
    else visits.push({ place, spot, hops: [hop.index] });
  }
  return visits;
}

const LANE_STEP = 5;
/** 0, 5, −5, 10, … beside the middle line. */
const laneOf = (visit: number): number => Math.ceil(visit / 2) * LANE_STEP * (visit % 2 === 1 ? 1 : -1);

export function routeOf({ hops, gaps }: Pick<AnyJourney, 'hops' | 'gaps'>, layout: Layout): Route {
  const visits = visitsOf(hops, layout);
  const linesOf = linesByEnds(layout.lines);
  const seen = new Map<string, number>();
  const walk = new Walk(hops.length);
  for (const [i, visit] of visits.entries()) {
    const times = seen.get(visit.place) ?? 0;
    seen.set(visit.place, times + 1);
    const before = visits[i - 1];
    const line = before === undefined ? undefined : linesOf(before.place, visit.place);
    const isJump =
      before !== undefined &&
      gaps.some(({ after }) => after >= before.hops.at(-1)! && after < visit.hops[0]!);
    const next = visits[i + 1];
    const isLeaving = next !== undefined && linesOf(visit.place, next.place) !== undefined;
    walk.enter(visit, { line, isJump, lanePx: laneOf(times), next: next?.spot, isLeaving });
  }
  return walk.route();
}

function linesByEnds(lines: readonly Line[]): (from: string, to: string) => readonly Point[] | undefined {
  const byEnds = new Map<string, readonly Point[]>();
  for (const { a, b, points, kind } of lines) {
    if (kind !== 'veth') continue;
    byEnds.set(`${a} ${b}`, points);
    byEnds.set(`${b} ${a}`, [...points].reverse());
  }
  return (from, to) => byEnds.get(`${from} ${to}`);
}

interface Entering {
  readonly line: readonly Point[] | undefined;
  readonly isJump: boolean;
  readonly lanePx: number;
  readonly next: Spot | undefined;
  /** To what is behind the device. */
  readonly isLeaving: boolean;
}

class Walk {
  readonly #pieces: Point[][] = [];
  readonly #jumps: (readonly [Point, Point])[] = [];
  readonly #hops: (Point | undefined)[];
  #spot: Spot | undefined;

  constructor(hopCount: number) {
    this.#hops = Array.from({ length: hopCount });
  }

  enter({ spot, hops }: Visit, { line, isJump, lanePx, next, isLeaving }: Entering): void {
    if (spot.kind === 'gate') this.#enterGate(spot, hops, { line, isJump, lanePx, next, isLeaving });
    else this.#enterSpot(spot, hops, { line, isJump, lanePx, next, isLeaving });
    this.#spot = spot;
  }

  /** From one side to the other its name is what is seen, not the line. */
  #enterGate(
    { inner, outer }: Extract<Spot, { kind: 'gate' }>,
    hops: readonly number[],
    { line, isJump, isLeaving }: Entering,
  ): void {
    const at = this.#pieces.at(-1)?.at(-1);
    const [entry, exit] = [
      line === undefined && (at !== undefined || !isLeaving) ? inner : outer,
      isLeaving ? outer : inner,
    ];
    if (at === undefined) this.#pieces.push([entry]);
    else if (isJump) this.#jump(at, entry);
    else this.#follow(line, entry);
    for (const hop of hops) this.#hops[hop] = exit;
    if (exit !== entry) this.#pieces.push([exit]);
  }

  #enterSpot(
    spot: Exclude<Spot, { kind: 'gate' }>,
    hops: readonly number[],
    { line, isJump, lanePx, next }: Entering,
  ): void {
    const at = this.#pieces.at(-1)?.at(-1);
    const entry = nearest(spot, line?.at(-1) ?? at ?? nextPoint(next, spot), lanePx);
    if (at === undefined) this.#pieces.push([entry]);
    else if (isJump) this.#jump(at, entry);
    else this.#follow(line, entry);
    const exit =
      spot.kind === 'bar' && next !== undefined ? nearest(spot, nextPoint(next, spot), lanePx) : entry;
    for (const [n, hop] of hops.entries()) {
      const share = hops.length === 1 ? 0.5 : n / (hops.length - 1);
      this.#hops[hop] = {
        xPx: entry.xPx + (exit.xPx - entry.xPx) * share,
        yPx: entry.yPx + (exit.yPx - entry.yPx) * share,
      };
    }
    this.#go(exit, undefined);
  }

  #jump(from: Point, to: Point): void {
    this.#jumps.push([from, to]);
    this.#pieces.push([to]);
  }

  #follow(line: readonly Point[] | undefined, to: Point): void {
    for (const point of line ?? []) this.#go(point, this.#spot);
    this.#go(to, line === undefined ? this.#spot : undefined);
  }

  /** In right angles; out of a bar first along it. */
  #go(to: Point, outOf: Spot | undefined): void {
    const piece = this.#pieces.at(-1)!;
    const at = piece.at(-1)!;
    if (at.xPx === to.xPx && at.yPx === to.yPx) return;
    if (at.xPx !== to.xPx && at.yPx !== to.yPx) {
      const isUpright = outOf?.kind === 'bar' && outOf.axis === 'y';
      piece.push(isUpright ? { xPx: at.xPx, yPx: to.yPx } : { xPx: to.xPx, yPx: at.yPx });
    }
    piece.push(to);
  }

  route(): Route {
    return { pieces: this.#pieces, jumps: this.#jumps, hops: this.#hops };
  }
}

/** Where it goes next, as seen from a bar. */
function nextPoint(next: Spot | undefined, from: Spot): Point {
  const own =
    from.kind === 'bar'
      ? nearest(from, { xPx: from.rect.xPx, yPx: from.rect.yPx + 10 })
      : nearest(from, { xPx: 0, yPx: 0 });
  if (next === undefined) return own;
  return nearest(next, own);
}
