/** Signs on the lines: what was rewritten, how it ended, where something is missing. Shape first, colour second. */
import type { Outcome } from '../../../src/model/journey.ts';
import { type ChangeKind, changeShapes, outcomeShapes, SHAPE_BOX } from '../../app/shapes.ts';
import { mark } from '../journeys/track.ts';
import { pointOf, type Scene } from './scene.ts';

const changeKinds: Readonly<Record<number, ChangeKind>> = {
  [mark.dnat]: 'dnat',
  [mark.undnat]: 'dnat',
  [mark.snat]: 'snat',
  [mark.unsnat]: 'snat',
  [mark.encap]: 'encap',
  [mark.decap]: 'encap',
  [mark.other]: 'other',
};

const isUndone = (what: number): boolean =>
  what === mark.undnat || what === mark.unsnat || what === mark.decap;

const outlines = new Map<string, Path2D>();

function outline(shape: string): Path2D {
  const path = outlines.get(shape) ?? new Path2D(shape);
  outlines.set(shape, path);
  return path;
}

interface Sign {
  readonly shape: string;
  readonly colour: string;
  readonly sizePx: number;
  /** Its outline alone. */
  readonly hollow?: boolean;
}

/** With a rim in the colour of the ground, so that it stands off the lines. */
export function drawSign(
  context: CanvasRenderingContext2D,
  scene: Scene,
  x: number,
  y: number,
  sign: Sign,
): void {
  const scale = sign.sizePx / SHAPE_BOX;
  context.save();
  context.translate(x - sign.sizePx / 2, y - sign.sizePx / 2);
  context.scale(scale, scale);
  context.lineJoin = 'round';
  context.strokeStyle = scene.palette.surface;
  context.lineWidth = 3.2 / scale;
  context.stroke(outline(sign.shape));
  context.fillStyle = sign.hollow === true ? scene.palette.surface : sign.colour;
  context.fill(outline(sign.shape));
  if (sign.hollow === true) {
    context.strokeStyle = sign.colour;
    context.lineWidth = 1.6 / scale;
    context.stroke(outline(sign.shape));
  }
  context.restore();
}

export function drawChanges(
  context: CanvasRenderingContext2D,
  scene: Scene,
  journey: number,
  sizePx: number,
): void {
  const { columns, palette, time } = scene;
  for (let hop = columns.first[journey]!; hop < columns.first[journey + 1]!; hop++) {
    const what = columns.marks[hop]!;
    const kind = changeKinds[what];
    if (kind === undefined) continue;
    const [x, y] = pointOf(scene, hop);
    if (x < -sizePx || x > time.widthPx + sizePx) continue;
    drawSign(context, scene, x, y, {
      shape: changeShapes[kind],
      colour: palette.change[kind],
      sizePx,
      hollow: isUndone(what),
    });
  }
}

/** Delivered to the stack is a ring, read by the process a disc. */
const isHollowEnd = (outcome: Outcome): boolean => outcome.kind === 'delivered' && outcome.to === 'stack';

export function drawEnd(
  context: CanvasRenderingContext2D,
  scene: Scene,
  journey: number,
  sizePx: number,
): void {
  const { columns, palette, time } = scene;
  const { outcome } = columns.tracks[journey]!.journey;
  const [x, y] = pointOf(scene, columns.first[journey]! + outcome.at);
  if (x < -sizePx || x > time.widthPx + sizePx) return;
  const size = outcome.kind === 'dropped' ? sizePx * 1.5 : sizePx;
  if (outcome.kind === 'open') drawWaiting(context, scene, journey, x, y);
  drawSign(context, scene, x, y, {
    shape: outcomeShapes[outcome.kind],
    colour: palette.outcome[outcome.kind],
    sizePx: size,
    hollow: isHollowEnd(outcome),
  });
}

/** Still there, as far as is known: dots along its station until the latest that anybody saw. */
function drawWaiting(
  context: CanvasRenderingContext2D,
  scene: Scene,
  journey: number,
  x: number,
  y: number,
): void {
  const { palette, time, kind } = scene;
  const closed = scene.columns.tracks[journey]!.journey.closedBy !== undefined;
  const until =
    closed || kind !== 'time' ? x + 24 : Math.max(x + 24, Math.min(time.widthPx, time.x(scene.latestNs)));
  context.strokeStyle = palette.outcome.open;
  context.lineWidth = 2;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(Math.max(0, x), y);
  context.lineTo(until, y);
  context.stroke();
  context.setLineDash([]);
}

/** Where it came from is not known: dots that lead up to its first hop. */
export function drawUnknownBirth(context: CanvasRenderingContext2D, scene: Scene, journey: number): void {
  const { columns, palette } = scene;
  if (!columns.tracks[journey]!.journey.gaps.some(gap => gap.after === -1)) return;
  const [x, y] = pointOf(scene, columns.first[journey]!);
  context.strokeStyle = palette.outcome.lost;
  context.lineWidth = 2;
  context.setLineDash([1.5, 4]);
  context.beginPath();
  context.moveTo(x - 20, y);
  context.lineTo(x, y);
  context.stroke();
  context.setLineDash([]);
}
