/**
 * A node: its pods one below the other, each with a short line to the bridge (or, where there is none, straight to the node's routing), then
 * routing and rules, then tunnels and the devices that lead out. So every line is a short horizontal one.
 *
 *   pod ─▪ cni0 ─ routing ─ flannel.1
 *   pod ─▪  │  │    │   │ ─ eth0
 */
import type { Point, Rect } from './geometry.ts';
import type { Picture } from './picture.ts';
import {
  BOX,
  barPx,
  type Columns,
  GAP,
  HEAD,
  PAD,
  podRows,
  type Rack,
  ROW,
  STACK,
  VETH,
} from './rack-plan.ts';
import type { Space, Tree } from './tree.ts';

const moreText = (count: number): string => `${count} more`;
/** `rect` may be larger than the rack is, and its columns wider. */
export function drawRack(
  rack: Rack,
  rect: Rect,
  columns: Columns,
  tree: Tree,
  picture: Picture,
  inside?: string,
): void {
  const { space, bridges } = rack;
  const { id, kind, name, cluster } = space.place;
  picture.box({
    id,
    kind,
    label: name,
    ...(inside === undefined && cluster !== undefined ? { note: cluster } : {}),
    ...rect,
    headPx: HEAD,
    ...(inside === undefined ? {} : { inside }),
  });
  const topPx = rect.yPx + HEAD;
  const bar = barsOf(rect, columns);
  const { podsPx, bridgesPx } = columns;
  const stackPx = rect.xPx + PAD + (podsPx === 0 ? 0 : podsPx + VETH) + bridgesPx;
  let xPx = stackPx - bridgesPx;
  const barsAt = new Map<string, number>();
  for (const bridge of bridges) {
    const widthPx = barPx(bridge);
    drawBar(picture, { id: bridge.id, kind: 'bridge', label: bridge.name, inside: id, ...bar, xPx, widthPx });
    barsAt.set(bridge.id, xPx);
    const end = { xPx: xPx + widthPx, yPx: bar.yPx + bar.heightPx - 8 };
    xPx += widthPx + GAP;
    picture.line('stack', bridge.id, id, [end, { ...end, xPx: stackPx }]);
  }
  drawStack(picture, id, { ...bar, xPx: stackPx, widthPx: STACK }, 'y');
  const edgeOf = (veth: string): number => barsAt.get(tree.bridges.get(veth) ?? '') ?? stackPx;
  const podsAt = { xPx: rect.xPx + PAD, yPx: topPx };
  drawPods(rack, { ...podsAt, widthPx: podsPx }, edgeOf, tree, picture);
  const devicesAt = { xPx: stackPx + STACK + GAP, yPx: topPx };
  drawDevices(rack, { ...devicesAt, widthPx: columns.devicesPx }, barsAt, tree, picture);
}

/** Their names stand beside that of the node, above all rows, where no packet passes; without pods there is no room for that. */
function barsOf(rect: Rect, { podsPx }: Columns): Pick<Rect, 'yPx' | 'heightPx'> {
  const yPx = rect.yPx + (podsPx === 0 ? HEAD : 4);
  return { yPx, heightPx: rect.yPx + rect.heightPx - 6 - yPx };
}

type Bar = Rect & {
  readonly id: string;
  readonly kind: 'bridge';
  readonly label: string;
  readonly inside: string;
};

export function drawBar(picture: Picture, bar: Bar, axis: 'x' | 'y' = 'y'): void {
  picture.box({ ...bar, headPx: BOX }, { kind: 'bar', axis, rect: walkable(bar, axis) });
}

/** Below its name, or beside it. */
function walkable({ xPx, yPx, widthPx, heightPx }: Rect, axis: 'x' | 'y'): Rect {
  return axis === 'y'
    ? { xPx, yPx: yPx + BOX - 4, widthPx, heightPx: heightPx - BOX + 4 }
    : { xPx: xPx + 60, yPx, widthPx: Math.max(20, widthPx - 60), heightPx };
}

/** Where the packet is in routing and rules: of the namespace itself. */
export function drawStack(picture: Picture, id: string, rect: Rect, axis: 'x' | 'y'): void {
  picture.box({ id: `stack:${id}`, kind: 'stack', label: 'routing', inside: id, ...rect, headPx: BOX });
  picture.spots.set(id, { kind: 'bar', axis, rect: walkable(rect, axis) });
}

type Column = Point & { readonly widthPx: number };

function drawPods(
  { space, pods }: Rack,
  at: Column,
  edgeOf: (veth: string) => number,
  { peers }: Tree,
  picture: Picture,
): void {
  let { yPx } = at;
  const inside = space.place.id;
  const podsPx = at.widthPx;
  for (const pod of pods.shown) {
    const heightPx = podRows(pod) * ROW - (ROW - BOX);
    drawLeaf(pod, { xPx: at.xPx, yPx, widthPx: podsPx, heightPx }, 'right', picture, inside);
    for (const { id } of pod.devices) {
      const near = picture.pointOf(id);
      const veth = peers.get(id);
      if (near === undefined || veth === undefined) continue;
      const far = { xPx: edgeOf(veth), yPx: near.yPx };
      picture.port(veth, far);
      picture.line('veth', id, veth, [near, far]);
    }
    yPx += podRows(pod) * ROW;
  }
  if (pods.hidden.length === 0) return;
  const more = { xPx: at.xPx, yPx, widthPx: podsPx, heightPx: BOX };
  drawMore(picture, inside, more, pods.hidden.length, 'pods', inside);
  const centre = { xPx: at.xPx + podsPx / 2, yPx: yPx + BOX / 2 };
  for (const pod of pods.hidden) {
    picture.spot(pod.place.id, centre);
    for (const { id } of pod.devices) {
      picture.spot(id, { ...centre, xPx: at.xPx + podsPx });
      const veth = peers.get(id);
      if (veth !== undefined) picture.spot(veth, { ...centre, xPx: edgeOf(veth) });
    }
  }
}

/** `key`: what has to be open for it to be shown. */
export function drawMore(
  picture: Picture,
  key: string,
  rect: Rect,
  count: number,
  what: string,
  inside?: string,
): void {
  picture.box({
    id: `more:${key}`,
    kind: 'more',
    label: moreText(count),
    folds: { what, count },
    opened: key,
    ...(inside === undefined ? {} : { inside }),
    ...rect,
  });
}

/** A namespace with nothing in it but its devices, which are ports at one of its edges. */
export function drawLeaf(
  leaf: Space,
  rect: Rect,
  edge: 'right' | 'top' | 'bottom',
  picture: Picture,
  inside?: string,
): void {
  const { id, kind, name } = leaf.place;
  const { xPx, yPx, widthPx, heightPx } = rect;
  const spot =
    edge === 'right'
      ? { xPx: xPx + widthPx - 11, yPx: yPx + heightPx / 2 }
      : { xPx: xPx + widthPx / 2, yPx: yPx + heightPx / 2 };
  picture.box(
    { id, kind, label: name, ...rect, ...(inside === undefined ? {} : { inside }) },
    { kind: 'point', ...spot },
  );
  for (const [index, device] of leaf.devices.entries()) {
    const share = (index + 1) / (leaf.devices.length + 1);
    picture.port(
      device.id,
      edge === 'right'
        ? { xPx: xPx + widthPx, yPx: yPx + heightPx * share }
        : { xPx: xPx + widthPx * share, yPx: edge === 'top' ? yPx : yPx + heightPx },
    );
  }
}

function drawDevices(
  { space, devices }: Rack,
  at: Column,
  barsAt: ReadonlyMap<string, number>,
  { bridges, lowers }: Tree,
  picture: Picture,
): void {
  const inside = space.place.id;
  const devicesPx = at.widthPx;
  for (const [index, { id, kind, name }] of devices.shown.entries()) {
    const rect = { xPx: at.xPx, yPx: at.yPx + index * ROW, widthPx: devicesPx, heightPx: BOX };
    const midPx = rect.yPx + BOX / 2;
    picture.box({ id, kind, label: name, inside, ...rect });
    picture.gate(id, { xPx: rect.xPx, yPx: midPx }, { xPx: rect.xPx + devicesPx, yPx: midPx });
    const bridge = bridges.get(id);
    const bridgePx = barsAt.get(bridge ?? '');
    const near = { xPx: rect.xPx, yPx: midPx };
    if (bridge === undefined || bridgePx === undefined)
      picture.line('stack', id, inside, [near, { ...near, xPx: rect.xPx - GAP }]);
    else picture.line('port', id, bridge, [near, { ...near, xPx: bridgePx }]);
  }
  for (const { id } of devices.shown) {
    const upper = picture.pointOf(id);
    const lower = picture.pointOf(lowers.get(id) ?? '');
    if (upper === undefined || lower === undefined || lower.xPx !== upper.xPx) continue;
    const sidePx = upper.xPx + 5;
    picture.line('lower', id, lowers.get(id)!, [
      upper,
      { ...upper, xPx: sidePx },
      { ...lower, xPx: sidePx },
      lower,
    ]);
  }
  if (devices.hidden.length === 0) return;
  const rect = {
    xPx: at.xPx,
    yPx: at.yPx + devices.shown.length * ROW,
    widthPx: devicesPx,
    heightPx: BOX,
  };
  drawMore(picture, `devices:${inside}`, rect, devices.hidden.length, 'devices', inside);
  for (const { id } of devices.hidden)
    picture.spot(id, { xPx: rect.xPx + devicesPx, yPx: rect.yPx + BOX / 2 });
}
