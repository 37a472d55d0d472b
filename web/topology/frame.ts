/**
 * A machine with nodes on it: the nodes side by side in a grid, below them, as bars from left to right, the overlays that join their
 * tunnels, the machine's bridges, and its routing with the devices that lead out. Lines go down between the columns.
 */

import {
  ALLEY,
  BAR,
  BAR_GAP,
  countOf,
  DEVICE_GAP,
  type Frame,
  LEAF,
  LEAF_ROW,
  OVERLAY,
  ROW_GAP,
} from './frame-plan.ts';
import type { Point, Rect } from './geometry.ts';
import type { Picture } from './picture.ts';
import { drawBar, drawLeaf, drawMore, drawRack, drawStack } from './rack.ts';
import { BOX, HEAD, PAD } from './rack-plan.ts';
import type { Space, Tree } from './tree.ts';

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

function drawLeaves({ space, leaves, perRow }: Frame, at: Point, picture: Picture): number {
  const rectOf = (index: number): Rect => ({
    xPx: at.xPx + (index % perRow) * LEAF,
    yPx: at.yPx + Math.floor(index / perRow) * LEAF_ROW,
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
  return at.yPx + Math.ceil(count / perRow) * LEAF_ROW;
}

function drawOverlays(
  { space, overlays, innerPx }: Frame,
  rect: Rect,
  fromPx: number,
  alleys: ReadonlyMap<string, number>,
  picture: Picture,
): number {
  let yPx = fromPx;
  for (const { id, label, tunnels } of overlays) {
    const bar = { xPx: rect.xPx + PAD, yPx, widthPx: innerPx, heightPx: OVERLAY };
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
  { space, bridges, devices, devicePx, innerPx }: Frame,
  rect: Rect,
  fromPx: number,
  alleys: ReadonlyMap<string, number>,
  tree: Tree,
  picture: Picture,
): void {
  const { id } = space.place;
  const xPx = rect.xPx + PAD;
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
  const stackPx = innerPx - countOf(devices) * (devicePx + DEVICE_GAP);
  drawStack(picture, id, { xPx, yPx, widthPx: stackPx, heightPx: BAR }, 'x');
  const deviceAt = (index: number): Rect => ({
    xPx: xPx + stackPx + DEVICE_GAP + index * (devicePx + DEVICE_GAP),
    yPx: yPx + 1,
    widthPx: devicePx,
    heightPx: BOX,
  });
  for (const [index, device] of devices.shown.entries()) {
    const box = deviceAt(index);
    picture.box({ id: device.id, kind: device.kind, label: device.name, inside: id, ...box });
    picture.gate(
      device.id,
      { xPx: box.xPx, yPx: box.yPx + BOX / 2 },
      { xPx: box.xPx + devicePx / 2, yPx: box.yPx + BOX },
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
      picture.spot(dev, { xPx: box.xPx + devicePx / 2, yPx: box.yPx + BOX / 2 });
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
