/** How much room a machine with nodes on it takes, and what of it is shown: before anything is drawn (frame.ts). */
import type { TopologyPlace } from '../../src/model/topology.ts';
import { type Folded, fold } from './fold.ts';
import type { LayoutOptions } from './layout.ts';
import {
  BOX,
  boxWidthPx,
  type Columns,
  HEAD,
  PAD,
  POD_MIN,
  type Rack,
  rackOf,
  rackWidthPx,
} from './rack-plan.ts';
import type { Space, Tree } from './tree.ts';

/** Between columns: where lines go down. */
export const ALLEY = 18;
export const ROW_GAP = 8;
export const OVERLAY = 14;
export const BAR = 19;
export const BAR_GAP = 7;
export const LEAF = 112;
export const LEAF_ROW = BOX + 8;
export const DEVICE_GAP = 8;
const STACK_MIN = 60;
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
  readonly devicePx: number;
  /** Leaves in a row. */
  readonly perRow: number;
  /** Between its edges. */
  readonly innerPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export function frameOf(space: Space, tree: Tree, options: LayoutOptions): Frame {
  const racks = space.spaces.filter(isCompound).map(each => rackOf(each, tree, options));
  const rackColumns = columnsFor(racks, options.widthPx);
  const cellPx = rackWidthPx(rackColumns);
  const columns = columnCount(racks.length, cellPx, options.widthPx);
  const rowsPx: number[] = [];
  for (let at = 0; at < racks.length; at += columns)
    rowsPx.push(Math.max(...racks.slice(at, at + columns).map(rack => rack.heightPx)));
  const devices = devicesOf(space, tree, options);
  const devicePx = boxWidthPx(
    devices.shown.map(({ name }) => name),
    52,
    96,
  );
  const innerPx = Math.max(
    columns * (cellPx + ALLEY),
    LEAF,
    STACK_MIN + countOf(devices) * (devicePx + DEVICE_GAP),
  );
  const perRow = Math.floor(innerPx / LEAF);
  const leaves = leavesOf(space, perRow, options);
  const bridges = space.devices.filter(({ kind }) => kind === 'bridge');
  const overlays = overlaysOf(racks, tree);
  const heightPx =
    HEAD +
    rowsPx.reduce((sum, row) => sum + row + ROW_GAP, 0) +
    Math.ceil(countOf(leaves) / perRow) * LEAF_ROW +
    overlays.length * (OVERLAY + BAR_GAP) +
    bridges.length * (BAR + BAR_GAP) +
    BAR +
    PAD;
  return {
    ...{ space, racks, leaves, columns, cellPx, rackColumns, rowsPx, perRow },
    ...{ overlays, bridges, devices, devicePx, innerPx, widthPx: innerPx + 2 * PAD, heightPx },
  };
}

/** Boxes: what is shown, and one for the rest. */
export const countOf = ({ shown, hidden }: Folded<unknown>): number =>
  shown.length + (hidden.length > 0 ? 1 : 0);

function leavesOf(space: Space, perRow: number, { busy, open }: LayoutOptions): Folded<Space> {
  return fold(
    space.spaces.filter(each => !isCompound(each)),
    {
      max: Math.max(2, perRow - 1),
      isBusy: each => busy.has(each.place.id),
      isOpen: open.has(space.place.id),
    },
  );
}

/** What leads out of it. */
function devicesOf(space: Space, { peers }: Tree, { busy, open }: LayoutOptions): Folded<TopologyPlace> {
  const inner = new Set(space.spaces.flatMap(each => each.devices.flatMap(dev => peers.get(dev.id) ?? [])));
  return fold(
    space.devices.filter(({ kind, id }) => kind !== 'bridge' && !inner.has(id)),
    {
      max: DEVICES_MAX,
      isBusy: ({ id }) => busy.has(id) || peers.has(id),
      isOpen: open.has(`devices:${space.place.id}`),
    },
  );
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
