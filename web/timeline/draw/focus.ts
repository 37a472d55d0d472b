/** The selected journey and what the pointer is at: drawn over all else, with the times that matter written to it. */
import { duration } from '../../../src/words/times.ts';
import { drawLine } from './lines.ts';
import { drawChanges, drawEnd, drawUnknownBirth } from './marks.ts';
import { Room } from './room.ts';
import { AXIS_PX, hopIndex, pointOf, type Scene, type Spot } from './scene.ts';

/** As many of the longest stretches say how long they are. */
const TIMES_WRITTEN = 3;
/** Shorter ones have no room for it. */
const WRITTEN_PX = 30;
/** No time is written wider. */
const WIDTH_PX = 52;

export function drawSelected(context: CanvasRenderingContext2D, scene: Scene, spot: Spot): void {
  drawGuide(context, scene, spot);
  drawLine(context, scene, spot.journey, 3);
  drawHops(context, scene, spot.journey);
  drawUnknownBirth(context, scene, spot.journey);
  drawChanges(context, scene, spot.journey, 14);
  drawEnd(context, scene, spot.journey, 14);
  drawStretches(context, scene, spot.journey);
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
  context.arc(x, y, 10, 0, 2 * Math.PI);
  context.stroke();
}

/** How long the longest stretches took; in even steps the axis says all of them. */
function drawStretches(context: CanvasRenderingContext2D, scene: Scene, journey: number): void {
  const { columns, kind } = scene;
  if (kind === 'even') return;
  const { hops } = columns.tracks[journey]!.journey;
  const first = columns.first[journey]!;
  const taken = hops
    .slice(1)
    .map((hop, i) => ({ hop: i + 1, ns: hop.offsetNs - hops[i]!.offsetNs }))
    .sort((a, b) => b.ns - a.ns)
    .slice(0, TIMES_WRITTEN);
  const room = new Room();
  for (const [rank, { hop, ns }] of taken.entries()) {
    const [fromX, fromY] = pointOf(scene, first + hop - 1);
    const [toX, toY] = pointOf(scene, first + hop);
    const [x, y] = [(fromX + toX) / 2, (fromY + toY) / 2];
    if (toX - fromX < WRITTEN_PX || !room.take(x - WIDTH_PX / 2, y - 7, x + WIDTH_PX / 2, y + 7)) continue;
    writeBeside(context, scene, duration(ns), x, y, rank === 0);
  }
}

/** Text on a plate of its own, kept within the plot. */
export function writeBeside(
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
  const top = Math.max(AXIS_PX + 8, y - 11);
  context.globalAlpha = 0.86;
  context.fillStyle = palette.surface;
  context.beginPath();
  context.roundRect(left - 3, top - 7, width + 6, 14, 3);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = strong ? palette.text : palette.textMuted;
  context.fillText(text, left, top);
}
