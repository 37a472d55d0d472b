/** How much room a node takes, and what of it is shown: before anything is drawn (rack.ts). */
import type { TopologyPlace } from '../../src/model/topology.ts';
import { type Folded, fold } from './fold.ts';
import { textWidthPx } from './geometry.ts';
import type { LayoutOptions } from './layout.ts';
import type { Space, Tree } from './tree.ts';

export const HEAD = 19;
export const ROW = 20;
export const BOX = 17;
export const PAD = 8;
export const VETH = 14;
export const GAP = 8;
/** Right of the devices: for lines between them. */
const GUTTER = 10;
export const STACK = 50;
/** Between two devices of one pod. */
export const PORT_STEP = 9;

/** Longer names are cut. Where that makes room for one more column of nodes, a little sooner. */
const POD_MAX = 124;
export const POD_MIN = 84;

const PODS_MAX = 6;
const DEVICES_MAX = 4;

/** Of all nodes of a machine the same, so that what is alike stands in one line. */
export interface Columns {
  readonly podsPx: number;
  readonly bridgesPx: number;
  readonly devicesPx: number;
}

export interface Rack {
  readonly space: Space;
  readonly pods: Folded<Space>;
  readonly bridges: readonly TopologyPlace[];
  readonly devices: Folded<TopologyPlace>;
  readonly columns: Columns;
  readonly heightPx: number;
}

export const boxWidthPx = (labels: readonly string[], from: number, to: number): number =>
  Math.min(to, Math.max(from, ...labels.map(label => Math.ceil(textWidthPx(label)) + 12)));

/** Devices in pods, and their other ends here. */
function endsOfPods(space: Space, { peers }: Tree): Set<string> {
  const ends = space.spaces.flatMap(pod => pod.devices.flatMap(({ id }) => peers.get(id) ?? []));
  return new Set(ends);
}

export function rackOf(space: Space, tree: Tree, { busy, open }: LayoutOptions): Rack {
  const { id } = space.place;
  const ends = endsOfPods(space, tree);
  const isBusy = (place: { readonly id: string }): boolean => busy.has(place.id);
  const pods = fold(space.spaces, {
    max: PODS_MAX,
    isBusy: pod => isBusy(pod.place),
    isOpen: open.has(id),
  });
  const bridges = space.devices.filter(({ kind }) => kind === 'bridge');
  const others = space.devices.filter(({ kind, id: dev }) => kind !== 'bridge' && !ends.has(dev));
  const rank = ({ kind, id: dev }: TopologyPlace): number =>
    kind === 'tunnel' ? 0 : tree.peers.has(dev) ? 2 : 1;
  const devices = fold(
    [...others].sort((a, b) => rank(a) - rank(b)),
    {
      max: DEVICES_MAX,
      isBusy: dev => isBusy(dev) || tree.peers.has(dev.id),
      isOpen: open.has(`devices:${id}`),
    },
  );
  const labels = (places: readonly TopologyPlace[]): string[] => places.map(({ name }) => name);
  const columns = {
    podsPx:
      pods.shown.length === 0 ? 0 : boxWidthPx(labels(pods.shown.map(({ place }) => place)), 84, POD_MAX),
    bridgesPx: bridges.reduce((sum, bridge) => sum + barPx(bridge) + GAP, 0),
    devicesPx: devices.shown.length === 0 ? 0 : boxWidthPx(labels(devices.shown), 52, 80),
  };
  const rows = Math.max(
    rowsOf(devices),
    pods.shown.reduce((sum, pod) => sum + podRows(pod), 0) + (pods.hidden.length > 0 ? 1 : 0),
    2,
  );
  return { space, pods, bridges, devices, columns, heightPx: HEAD + rows * ROW + 5 };
}

export function rackWidthPx({ podsPx, bridgesPx, devicesPx }: Columns): number {
  const pods = podsPx === 0 ? 0 : podsPx + VETH;
  const devices = devicesPx === 0 ? 0 : GAP + devicesPx;
  return PAD + pods + bridgesPx + STACK + devices + GUTTER;
}

const rowsOf = ({ shown, hidden }: Folded<unknown>): number => shown.length + (hidden.length > 0 ? 1 : 0);
export const barPx = ({ name }: TopologyPlace): number => boxWidthPx([name], 36, 72);
/** A pod with many devices takes the room of several. */
export const podRows = ({ devices }: Space): number =>
  Math.max(1, Math.ceil((devices.length * PORT_STEP + 8) / ROW));
