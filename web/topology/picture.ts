/** What the topology looks like, ready to be drawn: boxes within boxes, lines between devices, and where a packet is at each place. */
import type { TopologyPlace } from '../../src/model/topology.ts';
import type { Point, Rect, Spot } from './geometry.ts';

/** stack: routing and rules of a namespace. more: folded away. group: a frame around things of one kind. */
export type BoxKind = TopologyPlace['kind'] | 'stack' | 'overlay' | 'more' | 'group';

export interface Box extends Rect {
  /** Of the place, where it is one. */
  readonly id: string;
  readonly kind: BoxKind;
  readonly label: string;
  /** Beside the label. */
  readonly note?: string;
  /** The box around it. */
  readonly inside?: string;
  /** Height of the line that its label stands in; absent: the label is in the middle. */
  readonly headPx?: number;
  readonly place?: TopologyPlace;
  /** Of more: what a click shows. */
  readonly folds?: { readonly what: string; readonly count: number };
  /** Of what can be folded again: whose. */
  readonly opened?: string;
}

/** stack: within one namespace, between a device and the stack. */
export type LineKind = 'veth' | 'port' | 'tunnel' | 'lower' | 'stack';

export interface Line {
  readonly id: string;
  readonly kind: LineKind;
  /** Ids of places. */
  readonly a: string;
  readonly b: string;
  readonly points: readonly Point[];
}

/** The end of a veth that is drawn as a small square at the edge of something larger. */
export interface Port extends Point {
  readonly id: string;
  readonly place?: TopologyPlace;
}

export interface Layout {
  readonly widthPx: number;
  readonly heightPx: number;
  /** What is around comes before what is within. */
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly ports: readonly Port[];
  /** By place; of what is folded away, the box that it is folded into. */
  readonly spots: ReadonlyMap<string, Spot>;
  /** By a port, its bridge. */
  readonly bridges: ReadonlyMap<string, string>;
}

export class Picture {
  readonly boxes: Box[] = [];
  readonly lines: Line[] = [];
  readonly ports: Port[] = [];
  readonly spots = new Map<string, Spot>();
  readonly #byId = new Map<string, TopologyPlace>();

  constructor(byId: ReadonlyMap<string, TopologyPlace>) {
    this.#byId = new Map(byId);
  }

  box(box: Box, spot?: Spot): Box {
    const place = this.#byId.get(box.id);
    const whole = place === undefined ? box : { ...box, place };
    this.boxes.push(whole);
    if (spot !== undefined) this.spots.set(box.id, spot);
    return whole;
  }

  port(id: string, at: Point): void {
    const place = this.#byId.get(id);
    this.ports.push({ id, ...at, ...(place === undefined ? {} : { place }) });
    this.spots.set(id, { kind: 'point', ...at });
  }

  /** Where something is that has no mark of its own. */
  spot(id: string, at: Point): void {
    this.spots.set(id, { kind: 'point', xPx: at.xPx, yPx: at.yPx });
  }

  line(kind: LineKind, a: string, b: string, points: readonly Point[]): void {
    this.lines.push({ id: `${kind}:${a}:${b}`, kind, a, b, points });
  }

  gate(id: string, inner: Point, outer: Point): void {
    this.port(id, outer);
    this.spots.set(id, { kind: 'gate', inner, outer });
  }

  /** Where lines to other namespaces begin. */
  pointOf(id: string): Point | undefined {
    const spot = this.spots.get(id);
    if (spot?.kind === 'gate') return spot.outer;
    return spot?.kind === 'point' ? { xPx: spot.xPx, yPx: spot.yPx } : undefined;
  }
}
