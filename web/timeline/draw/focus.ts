/** The selected journey and what the pointer is at: drawn over all else, with the times that matter written to it. */
import { duration } from '../../../src/words/times.ts';
import { drawOwnLabels } from './labels.ts';
import { drawLine } from './lines.ts';
import { drawChanges, drawEnd, drawUnknownBirth } from './marks.ts';
import type { Room } from './room.ts';
import { AXIS_PX, hopIndex, pointOf, type Scene, type Spot } from './scene.ts';

/** As many of the longest stretches say how long they are. */
const TIMES_WRITTEN = 3;
/** Shorter ones have no room for it. */
const WRITTEN_PX = 30;
/** No time is written wider. */
const WIDTH_PX = 52;
const RING_PX = 10;
/** A step that took more of the whole than this is long. */
const LONG_SHARE = 0.15;

export function drawSelected(context: CanvasRenderingContext2D, scene: Scene, spot: Spot, room: Room): void {
  drawGuide(context, scene, spot);
  drawLine(context, scene, spot.journey, 3);
  drawHops(context, scene, spot.journey);
  drawUnknownBirth(context, scene, spot.journey);
  drawChanges(context, scene, spot.journey, 14);
  drawEnd(context, scene, spot.journey, 14);
  drawOwnLabels(context, scene, spot.journey, room);
  const [x, y] = pointOf(scene, hopIndex(scene, spot));
  room.take(x - RING_PX, y - RING_PX, x + RING_PX, y + RING_PX);
  if (scene.kind === 'even') drawSteps(context, scene, spot.journey, room);
  else drawStretches(context, scene, spot.journey, room);
  drawRing(context, scene, spot);
}

function drawHops(context: CanvasRenderingContext2D, scene: Scene, journey: number): void {
  const { columns, palette } = scene;
  for (let hop = columns.first[journey]!; hop < columns.first[journey + 1]!; hop++) {
    const [x, y] = pointOf(scene, hop);
    const inferred = columns.stretches[hop] === 1;
    context.beginPath();
    context.arc(x, y, 2.8, 0, 2 * Math.PI);
    context.fillStyle = inferred ? palette.surface : palette.text;
    context.fill();
    context.strokeStyle = inferred ? palette.textMuted : palette.surface;
    context.lineWidth = 1;
    context.stroke();
  }
}

function drawGuide(context: CanvasRenderingContext2D, scene: Scene, spot: Spot): void {
  const { palette, heightPx } = scene;
  const [x] = pointOf(scene, hopIndex(scene, spot));
  context.strokeStyle = palette.accent;
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, AXIS_PX);
  context.lineTo(Math.round(x) + 0.5, heightPx);
  context.stroke();
  context.globalAlpha = 1;
}

export function drawRing(context: CanvasRenderingContext2D, scene: Scene, spot: Spot): void {
  const [x, y] = pointOf(scene, hopIndex(scene, spot));
  context.lineWidth = 2;
  context.strokeStyle = scene.palette.text;
  context.beginPath();
  context.arc(x, y, RING_PX, 0, 2 * Math.PI);
  context.stroke();
}

/** How long the longest stretches took. */
function drawStretches(context: CanvasRenderingContext2D, scene: Scene, journey: number, room: Room): void {
  const first = scene.columns.first[journey]!;
  for (const [rank, { hop, ns }] of longestOf(scene, journey).slice(0, TIMES_WRITTEN).entries()) {
    const [fromX, fromY] = pointOf(scene, first + hop - 1);
    const [toX, toY] = pointOf(scene, first + hop);
    const x = (fromX + toX) / 2;
    if (toX - fromX < WRITTEN_PX) continue;
    const y = [(fromY + toY) / 2 - 11, (fromY + toY) / 2 + 12].find(each =>
      room.take(x - WIDTH_PX / 2, each - 7, x + WIDTH_PX / 2, each + 7),
    );
    if (y !== undefined) writeOn(context, scene, duration(ns), x, y, rank === 0);
  }
}

/** In even steps each says how long it took, on the side to which the line does not go; the longest first, for as many as fit. */
function drawSteps(context: CanvasRenderingContext2D, scene: Scene, journey: number, room: Room): void {
  const { columns, palette, time } = scene;
  const first = columns.first[journey]!;
  const { durationNs } = columns.tracks[journey]!.journey;
  const down = columns.lanes[columns.first[journey + 1]! - 1]! >= columns.lanes[first]!;
  for (const { hop, ns } of longestOf(scene, journey)) {
    const [fromX, fromY] = pointOf(scene, first + hop - 1);
    const [toX, toY] = pointOf(scene, first + hop);
    const long = ns > LONG_SHARE * durationNs;
    context.font = `${long ? '600 ' : ''}11px ${palette.font}`;
    const width = context.measureText(duration(ns)).width;
    const y = (fromY + toY) / 2 + (Math.abs(toY - fromY) > 8 ? 0 : down ? -8 : 8);
    const right = (fromX + toX) / 2 + 8;
    const left = (fromX + toX) / 2 - 8 - width;
    const x = (right + width < time.widthPx ? [right, left] : [left]).find(each =>
      room.take(each, y - 5, each + width, y + 5),
    );
    if (x !== undefined) writeOn(context, scene, duration(ns), x + width / 2, y, long);
  }
}

function longestOf({ columns }: Scene, journey: number): { readonly hop: number; readonly ns: number }[] {
  const { hops } = columns.tracks[journey]!.journey;
  return hops
    .slice(1)
    .map((hop, i) => ({ hop: i + 1, ns: hop.offsetNs - hops[i]!.offsetNs }))
    .filter(({ ns }) => ns > 0)
    .sort((a, b) => b.ns - a.ns);
}

/** Text on a plate of its own, kept within the plot; around that point. */
export function writeOn(
  context: CanvasRenderingContext2D,
  scene: Scene,
  text: string,
  x: number,
  y: number,
  strong: boolean,
): void {
  const { palette, time } = scene;
  context.font = `${strong ? '600 ' : ''}11px ${palette.font}`;
  context.textBaseline = 'middle';
  const width = context.measureText(text).width;
  const left = Math.max(2, Math.min(x - width / 2, time.widthPx - width - 2));
  const top = Math.max(AXIS_PX + 8, y);
  context.globalAlpha = 0.86;
  context.fillStyle = palette.surface;
  context.beginPath();
  context.roundRect(left - 3, top - 7, width + 6, 14, 3);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = strong ? palette.text : palette.textMuted;
  context.fillText(text, left, top);
}
