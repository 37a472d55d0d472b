/** One frame of the diagram, from the ground up. */
import { drawDensity } from './density.ts';
import { drawRing, drawSelected } from './focus.ts';
import { drawAxis, drawBands, drawFolds } from './ground.ts';
import { drawJoints } from './joints.ts';
import { drawLabels, takeFolds } from './labels.ts';
import { drawLine, drawLines } from './lines.ts';
import { drawChanges, drawEnd, drawUnknownBirth } from './marks.ts';
import { Room } from './room.ts';
import { AXIS_PX, type Scene } from './scene.ts';
import { drawUsual } from './usual.ts';

/** More in sight than this are bands of density: at some px for each, lines are a smear. */
const LINES_MAX = 300;
/** More than this have no sign at each rewrite. */
const SIGNS_MAX = 60;

export function isDense([from, to]: readonly [number, number]): boolean {
  return to - from > LINES_MAX;
}

export function drawPicture(context: CanvasRenderingContext2D, scene: Scene): void {
  const { columns, time, selected, hovered, palette, heightPx } = scene;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, time.widthPx, heightPx);
  if (columns.count === 0) return;
  const seen = columns.inWindow(time.window);
  const [from, to] = seen;
  context.save();
  context.beginPath();
  context.rect(0, AXIS_PX, time.widthPx, heightPx - AXIS_PX);
  context.clip();
  drawBands(context, scene);
  context.restore();
  drawAxis(context, scene);
  context.save();
  context.beginPath();
  context.rect(0, AXIS_PX, time.widthPx, heightPx - AXIS_PX);
  context.clip();
  drawFolds(context, scene);
  if (isDense(seen)) drawDense(context, scene, from, to);
  else drawEach(context, scene, from, to);
  drawUsual(context, scene);
  if (hovered !== undefined && hovered.journey !== selected?.journey) {
    drawLine(context, scene, hovered.journey, 2.4);
    drawChanges(context, scene, hovered.journey, 12);
    drawEnd(context, scene, hovered.journey, 12);
  }
  const room = new Room();
  takeFolds(scene, room);
  if (selected !== undefined) drawSelected(context, scene, selected, room);
  if (to - from <= SIGNS_MAX) drawLabels(context, scene, seen, room);
  if (hovered !== undefined) drawRing(context, scene, hovered);
  context.restore();
}

function drawEach(context: CanvasRenderingContext2D, scene: Scene, from: number, to: number): void {
  const { selected } = scene;
  drawJoints(context, scene, from, to);
  drawLines(context, scene, from, to, selected?.journey);
  const signs = to - from <= SIGNS_MAX;
  for (let journey = from; journey < to; journey++) {
    if (journey === selected?.journey) continue;
    const faded = selected !== undefined || scene.usual.length > 0;
    context.globalAlpha = faded ? 0.45 : 1;
    const ended = scene.columns.tracks[journey]!.journey.outcome.kind;
    drawUnknownBirth(context, scene, journey);
    if (signs && scene.kind === 'time') drawChanges(context, scene, journey, 10);
    if (signs || ended !== 'delivered') drawEnd(context, scene, journey, signs ? 9 : 7);
  }
  context.globalAlpha = 1;
}

/** Density hides no drop, and nothing that is missing. */
function drawDense(context: CanvasRenderingContext2D, scene: Scene, from: number, to: number): void {
  drawDensity(context, scene, from, to);
  const { columns } = scene;
  const taken = new Set<number>();
  for (let journey = from; journey < to; journey++) {
    const { kind, at } = columns.tracks[journey]!.journey.outcome;
    if (kind !== 'dropped' && kind !== 'lost') continue;
    const hop = columns.first[journey]! + at;
    // One sign for those that would lie on each other.
    const spot = Math.round(scene.time.x(columns.times[hop]!) / 6) * 4096 + columns.lanes[hop]!;
    if (taken.has(spot)) continue;
    taken.add(spot);
    drawEnd(context, scene, journey, 9);
  }
}
