/** The whole picture: machines with nodes first, each as wide as there is room for, then what stands alone, and the services. */
import type { Topology, TopologyPlace } from '../../src/model/topology.ts';
import { fold } from './fold.ts';
import { drawFrame } from './frame.ts';
import { frameOf, isCompound } from './frame-plan.ts';
import { type Rect, textWidthPx } from './geometry.ts';
import { type Layout, Picture } from './picture.ts';
import { drawLeaf, drawMore, drawRack } from './rack.ts';
import { BOX, boxWidthPx, HEAD, PAD, rackOf, rackWidthPx } from './rack-plan.ts';
import { type Space, type Tree, treeOf } from './tree.ts';

export interface LayoutOptions {
  /** What is wider is scrolled. */
  readonly widthPx: number;
  /** Places where packets were seen: never folded away. */
  readonly busy: ReadonlySet<string>;
  /** Ids of spaces whose insides are shown whole, `devices:ID` for its devices; `roots`, `services`. */
  readonly open: ReadonlySet<string>;
}

/** Around all. */
const EDGE = 4;
const GAP = 10;
const LEAF_HEIGHT = 24;
const SERVICES_MAX = 4;

export function layoutOf(topology: Topology, options: LayoutOptions): Layout {
  const tree = treeOf(topology);
  const picture = new Picture(tree.byId);
  const roots = rootsOf(tree, options);
  const flow = new Flow(options.widthPx);
  for (const root of roots.shown.filter(isLarge)) drawRoot(root, flow, tree, options, picture);
  flow.newRow();
  for (const root of roots.shown.filter(each => !isLarge(each))) drawRoot(root, flow, tree, options, picture);
  drawServices(tree.services, flow, options, picture);
  if (roots.hidden.length > 0) {
    const rect = flow.place(boxWidthPx(['99 more namespaces'], 80, 140), LEAF_HEIGHT);
    drawMore(picture, 'roots', rect, roots.hidden.length, 'namespaces');
    for (const root of roots.hidden) hide(root, rect, picture);
  }
  joinRest(topology, picture);
  const { widthPx, heightPx } = flow.size();
  const { boxes, lines, ports, spots } = picture;
  return { widthPx, heightPx, boxes, lines, ports, spots, bridges: tree.bridges };
}

/** More than a name and its devices. */
const isLarge = (root: Space): boolean => root.place.kind === 'host' || isCompound(root);

/** Where there is a cluster, namespaces that have nothing to do with it wait for traffic. */
function rootsOf({ roots }: Tree, { busy, open }: LayoutOptions): ReturnType<typeof fold<Space>> {
  const hasCluster = roots.some(({ place }) => place.cluster !== undefined);
  const isBusy = (root: Space): boolean =>
    busy.has(root.place.id) || root.spaces.some(isBusy) || (hasCluster && root.place.cluster !== undefined);
  if (!hasCluster || open.has('roots')) return fold(roots, { max: 24, isBusy, isOpen: open.has('roots') });
  return { shown: roots.filter(isBusy), hidden: roots.filter(root => !isBusy(root)) };
}

/** From left to right, then on the next line. */
class Flow {
  readonly #roomPx: number;
  #xPx = EDGE;
  #yPx = EDGE;
  #rowPx = 0;
  #widthPx = 0;

  constructor(roomPx: number) {
    this.#roomPx = roomPx;
  }

  place(widthPx: number, heightPx: number): Rect {
    if (this.#xPx > EDGE && this.#xPx + widthPx + EDGE > this.#roomPx) this.newRow();
    const rect = { xPx: this.#xPx, yPx: this.#yPx, widthPx, heightPx };
    this.#xPx += widthPx + GAP;
    this.#rowPx = Math.max(this.#rowPx, heightPx);
    this.#widthPx = Math.max(this.#widthPx, this.#xPx - GAP + EDGE);
    return rect;
  }

  newRow(): void {
    if (this.#rowPx === 0) return;
    this.#yPx += this.#rowPx + GAP;
    this.#xPx = EDGE;
    this.#rowPx = 0;
  }

  size(): { readonly widthPx: number; readonly heightPx: number } {
    return { widthPx: this.#widthPx, heightPx: this.#yPx + this.#rowPx + EDGE };
  }
}

function drawRoot(root: Space, flow: Flow, tree: Tree, options: LayoutOptions, picture: Picture): void {
  if (root.spaces.some(isCompound)) {
    const frame = frameOf(root, tree, { ...options, widthPx: options.widthPx - 2 * EDGE });
    drawFrame(frame, flow.place(frame.widthPx, frame.heightPx), tree, picture);
  } else if (isLarge(root)) {
    const rack = rackOf(root, tree, options);
    const rect = flow.place(rackWidthPx(rack.columns), rack.heightPx);
    drawRack(rack, rect, rack.columns, tree, picture);
  } else {
    const widthPx = Math.max(boxWidthPx([root.place.name], 84, 160), root.devices.length * 10);
    drawLeaf(root, flow.place(widthPx, LEAF_HEIGHT), 'top', picture);
  }
}

function hide({ place, devices, spaces }: Space, rect: Rect, picture: Picture): void {
  const centre = { xPx: rect.xPx + rect.widthPx / 2, yPx: rect.yPx + rect.heightPx / 2 };
  for (const { id } of [place, ...devices]) picture.spot(id, centre);
  for (const space of spaces) hide(space, rect, picture);
}

function drawServices(
  services: readonly TopologyPlace[],
  flow: Flow,
  { busy, open, widthPx: roomPx }: LayoutOptions,
  picture: Picture,
): void {
  if (services.length === 0) return;
  const { shown, hidden } = fold(services, {
    max: SERVICES_MAX,
    isBusy: ({ id }) => busy.has(id),
    isOpen: open.has('services'),
  });
  const headPx = Math.ceil(textWidthPx('services')) + 14;
  const widths = shown.map(({ name }) => boxWidthPx([name], 48, 150));
  if (hidden.length > 0) widths.push(60);
  /** Lines of chips. */
  const rows: number[][] = [[]];
  let usedPx = headPx;
  for (const widthPx of widths) {
    if (usedPx + widthPx + 6 > roomPx - 4 * PAD && rows.at(-1)!.length > 0) {
      rows.push([]);
      usedPx = headPx;
    }
    rows.at(-1)!.push(widthPx);
    usedPx += widthPx + 6;
  }
  const widest = Math.max(...rows.map(row => row.reduce((sum, widthPx) => sum + widthPx + 6, headPx)));
  const rect = flow.place(widest + 2, rows.length * (BOX + 5) + 2);
  picture.box({ id: 'services', kind: 'group', label: 'services', ...rect, headPx: HEAD });
  let index = 0;
  for (const [row, line] of rows.entries()) {
    let xPx = rect.xPx + headPx;
    for (const widthPx of line) {
      const chip = { xPx, yPx: rect.yPx + 3.5 + row * (BOX + 5), widthPx, heightPx: BOX };
      const service = shown[index++];
      if (service === undefined) drawMore(picture, 'services', chip, hidden.length, 'services', 'services');
      else {
        const centre = { kind: 'point' as const, xPx: xPx + widthPx / 2, yPx: chip.yPx + BOX / 2 };
        picture.box(
          { id: service.id, kind: 'service', label: service.name, inside: 'services', ...chip },
          centre,
        );
      }
      xPx += widthPx + 6;
    }
  }
}

/** Cables between what stands apart. */
function joinRest({ links }: Topology, picture: Picture): void {
  const drawn = new Set(picture.lines.flatMap(({ kind, a, b }) => (kind === 'veth' ? [a, b] : [])));
  const shown = new Set(picture.ports.map(({ id }) => id));
  for (const { kind, a, b } of links) {
    if (kind !== 'veth' || drawn.has(a) || !shown.has(a) || !shown.has(b)) continue;
    const [from, to] = [picture.pointOf(a)!, picture.pointOf(b)!];
    const [upper, lower] = from.yPx <= to.yPx ? [from, to] : [to, from];
    const yPx = lower.yPx - 6;
    const points =
      upper.yPx <= yPx
        ? [upper, { ...upper, yPx }, { ...lower, yPx }, lower]
        : [upper, { ...lower, yPx: upper.yPx }, lower];
    picture.line('veth', a, b, upper === from ? points : [...points].reverse());
  }
}
