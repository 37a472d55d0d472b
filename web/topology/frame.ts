/**
 * A machine with nodes on it: the nodes side by side in a grid, below them, as bars from left to right, the overlays that join their
 * tunnels, the machine's bridges, and its routing with the devices that lead out. Lines go down between the columns.
 */
import type { TopologyPlace } from '../../src/model/topology.ts';
import { type Folded, fold } from './fold.ts';
import type { Point, Rect } from './geometry.ts';
import type { LayoutOptions } from './layout.ts';
import type { Picture } from './picture.ts';
import {
  BOX,
  boxWidthPx,
  type Columns,
  drawBar,
  drawLeaf,
  drawMore,
  drawRack,
  drawStack,
  HEAD,
  PAD,
  POD_MIN,
  type Rack,
  rackOf,
  rackWidthPx,
} from './rack.ts';
import type { Space, Tree } from './tree.ts';

/** Between columns: where lines go down. */
const ALLEY = 18;
const ROW_GAP = 8;
const OVERLAY = 14;
const BAR = 19;
const BAR_GAP = 7;
const LEAF = 112;
const DEVICES_MAX = 5;

/** Nodes, and what has namespaces of its own. */
export const isCompound = ({ place, spaces }: Space): boolean => place.kind === 'node' || spaces.length > 0;

interface Overlay {
  readonly id: string;
  readonly label: string;
  readonly tunnels: readonly string[];
}

export interface Frame {
  readonly space: Space;
  readonly racks: readonly Rack[];
  readonly leaves: Folded<Space>;
  readonly columns: number;
  readonly cellPx: number;
  readonly rackColumns: Columns;
  readonly rowsPx: readonly number[];
  readonly overlays: readonly Overlay[];
  readonly bridges: readonly TopologyPlace[];
  readonly devices: Folded<TopologyPlace>;
  readonly widthPx: number;
  readonly heightPx: number;
}

export function frameOf(space: Space, tree: Tree, options: LayoutOptions): Frame {
  const { widthPx: roomPx, busy, open } = options;
  const { id } = space.place;
  const racks = space.spaces.filter(isCompound).map(each => rackOf(each, tree, options));
  const rackColumns = columnsFor(racks, roomPx);
  const cellPx = rackWidthPx(rackColumns);
  const columns = columnCount(racks.length, cellPx, roomPx);
  const rowsPx: number[] = [];
  for (let at = 0; at < racks.length; at += columns)
    rowsPx.push(Math.max(...racks.slice(at, at + columns).map(rack => rack.heightPx)));
  const widthPx = columns * (cellPx + ALLEY) + 2 * PAD;
  const leaves = fold(
    space.spaces.filter(each => !isCompound(each)),
    {
      max: Math.max(2, Math.floor((widthPx - 2 * PAD) / LEAF) - 1),
      isBusy: each => busy.has(each.place.id),
      isOpen: open.has(id),
    },
  );
  const inner = new Set(
    space.spaces.flatMap(each => each.devices.flatMap(dev => tree.peers.get(dev.id) ?? [])),
  );
  const devices = fold(
    space.devices.filter(({ kind, id: dev }) => kind !== 'bridge' && !inner.has(dev)),
    {
      max: DEVICES_MAX,
      isBusy: dev => busy.has(dev.id) || tree.peers.has(dev.id),
      isOpen: open.has(`devices:${id}`),
    },
  );
  const bridges = space.devices.filter(({ kind }) => kind === 'bridge');
  const overlays = overlaysOf(racks, tree);
  const perRow = Math.max(1, Math.floor((widthPx - 2 * PAD) / LEAF));
  const leafRows = Math.ceil((leaves.shown.length + (leaves.hidden.length > 0 ? 1 : 0)) / perRow);
  const heightPx =
    HEAD +
    rowsPx.reduce((sum, row) => sum + row + ROW_GAP, 0) +
    leafRows * (BOX + 8) +
    overlays.length * (OVERLAY + BAR_GAP) +
    bridges.length * (BAR + BAR_GAP) +
    BAR +
    PAD;
  return {
    space,
    racks,
    leaves,
    columns,
    cellPx,
    rackColumns,
    rowsPx,
    overlays,
    bridges,
    devices,
    widthPx,
    heightPx,
  };
}

const columnCount = (count: number, cellPx: number, roomPx: number): number =>
  Math.max(1, Math.min(count, Math.floor((roomPx - 2 * PAD) / (cellPx + ALLEY))));

/** As wide as the widest needs; pods' names are cut where one more node then stands beside the others. */
function columnsFor(racks: readonly Rack[], roomPx: number): Columns {
  const widest = (key: keyof Columns): number => Math.max(...racks.map(({ columns }) => columns[key]));
  const wide = { podsPx: widest('podsPx'), bridgesPx: widest('bridgesPx'), devicesPx: widest('devicesPx') };
  const count = (columns: Columns): number => columnCount(racks.length, rackWidthPx(columns), roomPx);
  const narrow = { ...wide, podsPx: Math.min(wide.podsPx, POD_MIN) };
  if (count(narrow) === count(wide)) return wide;
  const roomyPx = Math.floor((roomPx - 2 * PAD) / count(narrow)) - ALLEY - rackWidthPx(narrow);
  return { ...narrow, podsPx: narrow.podsPx + Math.max(0, roomyPx) };
}

/** Tunnels that are joined, be it by way of others. */
function overlaysOf(racks: readonly Rack[], tree: Tree): Overlay[] {
  const here = new Set(racks.flatMap(({ devices }) => devices.shown.map(({ id }) => id)));
  const groups: Set<string>[] = [];
  for (const { a, b } of tree.tunnels) {
    if (!here.has(a) || !here.has(b)) continue;
    const touched = groups.filter(group => group.has(a) || group.has(b));
    const joined = new Set([a, b, ...touched.flatMap(group => [...group])]);
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push(joined);
  }
  return groups.map(group => {
    const [first = ''] = group;
    const name = tree.byId.get(first)?.name ?? 'tunnel';
    return { id: `overlay:${first}`, label: `${name} overlay`, tunnels: [...group] };
  });
}

export function drawFrame(frame: Frame, rect: Rect, tree: Tree, picture: Picture): void {
  const { space, racks, cellPx, columns, rowsPx, rackColumns } = frame;
  const { id, kind, name, cluster } = space.place;
  picture.box({
    id,
    kind,
    label: name,
    ...rect,
    headPx: HEAD,
    ...(cluster === undefined ? {} : { note: cluster }),
  });
  let yPx = rect.yPx + HEAD;
  /** Where the lines of a device go down. */
  const alleys = new Map<string, number>();
  for (const [row, heightPx] of rowsPx.entries()) {
    for (const [column, rack] of racks.slice(row * columns, (row + 1) * columns).entries()) {
      const xPx = rect.xPx + PAD + column * (cellPx + ALLEY);
      drawRack(rack, { xPx, yPx, widthPx: cellPx, heightPx }, rackColumns, tree, picture, id);
      for (const { id: dev } of rack.devices.shown) alleys.set(dev, xPx + cellPx + 5 + ((row * 3) % 9));
    }
    yPx += heightPx + ROW_GAP;
  }
  yPx = drawLeaves(frame, { xPx: rect.xPx + PAD, yPx }, picture);
  yPx = drawOverlays(frame, rect, yPx, alleys, picture);
  drawStrip(frame, rect, yPx, alleys, tree, picture);
}

function drawLeaves({ space, leaves, widthPx }: Frame, at: Point, picture: Picture): number {
  const perRow = Math.max(1, Math.floor((widthPx - 2 * PAD) / LEAF));
  const rectOf = (index: number): Rect => ({
    xPx: at.xPx + (index % perRow) * LEAF,
    yPx: at.yPx + Math.floor(index / perRow) * (BOX + 8),
    widthPx: LEAF - 10,
    heightPx: BOX,
  });
  const inside = space.place.id;
  for (const [index, leaf] of leaves.shown.entries())
    drawLeaf(leaf, rectOf(index), 'bottom', picture, inside);
  let count = leaves.shown.length;
  if (leaves.hidden.length > 0) {
    const rect = rectOf(count++);
    drawMore(picture, inside, rect, leaves.hidden.length, 'namespaces', inside);
    for (const { place, devices } of leaves.hidden)
      for (const { id } of [place, ...devices])
        picture.spot(id, { xPx: rect.xPx + rect.widthPx / 2, yPx: rect.yPx + BOX / 2 });
  }
  return at.yPx + Math.ceil(count / perRow) * (BOX + 8);
}

function drawOverlays(
  { space, overlays, widthPx }: Frame,
  rect: Rect,
  fromPx: number,
  alleys: ReadonlyMap<string, number>,
  picture: Picture,
): number {
  let yPx = fromPx;
  for (const { id, label, tunnels } of overlays) {
    const bar = { xPx: rect.xPx + PAD, yPx, widthPx: widthPx - 2 * PAD, heightPx: OVERLAY };
    picture.box({ id, kind: 'overlay', label, inside: space.place.id, ...bar });
    for (const tunnel of tunnels) {
      const from = picture.pointOf(tunnel);
      const alleyPx = alleys.get(tunnel);
      if (from === undefined || alleyPx === undefined) continue;
      const xPx = alleyPx + 8;
      picture.line('tunnel', tunnel, id, [from, { ...from, xPx }, { xPx, yPx }]);
    }
    yPx += OVERLAY + BAR_GAP;
  }
  return yPx;
}

function drawStrip(
  { space, bridges, devices, widthPx }: Frame,
  rect: Rect,
  fromPx: number,
  alleys: ReadonlyMap<string, number>,
  tree: Tree,
  picture: Picture,
): void {
  const { id } = space.place;
  const xPx = rect.xPx + PAD;
  const innerPx = widthPx - 2 * PAD;
  let yPx = fromPx;
  const topOf = new Map<string, number>();
  for (const bridge of bridges) {
    const bar = {
      id: bridge.id,
      kind: 'bridge' as const,
      label: bridge.name,
      inside: id,
      xPx,
      yPx,
      widthPx: innerPx,
      heightPx: BAR,
    };
    drawBar(picture, bar, 'x');
    topOf.set(bridge.id, yPx);
    const end = { xPx: xPx + 24, yPx: yPx + BAR };
    yPx += BAR + BAR_GAP;
    picture.line('stack', bridge.id, id, [end, { ...end, yPx }]);
  }
  const devicesPx =
    devices.shown.length === 0
      ? 0
      : boxWidthPx(
          devices.shown.map(({ name }) => name),
          52,
          96,
        );
  const boxes = devices.shown.length + (devices.hidden.length > 0 ? 1 : 0);
  const stackPx = Math.max(60, innerPx - boxes * (devicesPx + 8));
  drawStack(picture, id, { xPx, yPx, widthPx: stackPx, heightPx: BAR }, 'x');
  const deviceAt = (index: number): Rect => ({
    xPx: xPx + stackPx + 8 + index * (devicesPx + 8),
    yPx: yPx + 1,
    widthPx: devicesPx,
    heightPx: BOX,
  });
  for (const [index, device] of devices.shown.entries()) {
    const box = deviceAt(index);
    picture.box({ id: device.id, kind: device.kind, label: device.name, inside: id, ...box });
    picture.gate(
      device.id,
      { xPx: box.xPx, yPx: box.yPx + BOX / 2 },
      { xPx: box.xPx + devicesPx / 2, yPx: box.yPx + BOX },
    );
    if (index === 0)
      picture.line('stack', device.id, id, [
        { xPx: box.xPx, yPx: yPx + BAR / 2 },
        { xPx: xPx + stackPx, yPx: yPx + BAR / 2 },
      ]);
  }
  if (devices.hidden.length > 0) {
    const box = deviceAt(devices.shown.length);
    drawMore(picture, `devices:${id}`, box, devices.hidden.length, 'devices', id);
    for (const { id: dev } of devices.hidden)
      picture.spot(dev, { xPx: box.xPx + devicesPx / 2, yPx: box.yPx + BOX / 2 });
  }
  joinInner(space, topOf, yPx, alleys, tree, picture);
}

/** Every device of what is within, and its other end on a bar below. */
function joinInner(
  space: Space,
  topOf: ReadonlyMap<string, number>,
  stackTopPx: number,
  alleys: ReadonlyMap<string, number>,
  { peers, bridges }: Tree,
  picture: Picture,
): void {
  const own = new Set(space.devices.map(({ id }) => id));
  for (const inner of space.spaces)
    for (const { id } of inner.devices) {
      const far = peers.get(id);
      const from = picture.pointOf(id);
      if (far === undefined || from === undefined || !own.has(far)) continue;
      const yPx = topOf.get(bridges.get(far) ?? '') ?? stackTopPx;
      const xPx = alleys.get(id) ?? from.xPx;
      picture.port(far, { xPx, yPx });
      picture.line('veth', id, far, [from, { ...from, xPx }, { xPx, yPx }]);
    }
}
