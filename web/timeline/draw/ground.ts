/** What the lines run over: bands and rails of the places, the time axis, the torn strips. */
import { duration, mark } from '../../../src/words/times.ts';
import type { Palette, PlaceColour } from '../../app/palette.ts';
import type { BandKind } from '../stations/lanes.ts';
import { ticksOf } from '../time/ticks.ts';
import { AXIS_PX, type Scene } from './scene.ts';

const placeColours: Readonly<Record<BandKind, PlaceColour>> = {
  pod: 'pod',
  node: 'node',
  host: 'host',
  tunnel: 'tunnel',
  netns: 'outside',
  group: 'outside',
};

export const bandColour = (kind: BandKind, palette: Palette): string => palette.place[placeColours[kind]];

export function drawBands(context: CanvasRenderingContext2D, scene: Scene): void {
  const { lanes, laneScale, palette, time } = scene;
  for (const [i, band] of lanes.bands.entries()) {
    const { topPx, bottomPx, open } = laneScale.boxes[i]!;
    context.globalAlpha = 0.09;
    context.fillStyle = bandColour(band.kind, palette);
    context.fillRect(0, topPx, time.widthPx, bottomPx - topPx);
    context.globalAlpha = open ? 0.3 : 0;
    context.strokeStyle = bandColour(band.kind, palette);
    context.lineWidth = 1;
    context.beginPath();
    for (let s = 0; open && s < band.stations.length; s++) {
      const y = Math.round(laneScale.y(band.first + s)) + 0.5;
      context.moveTo(0, y);
      context.lineTo(time.widthPx, y);
    }
    context.stroke();
    context.globalAlpha = 1;
  }
}

/** Lines and their labels. The beginning of each stretch says when that is, the rest count from there. */
export function drawAxis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { time, palette } = scene;
  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  context.lineWidth = 1;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, time.widthPx, AXIS_PX);
  if (scene.kind === 'even') drawSteps(context, scene);
  else drawTicks(context, scene);
  context.strokeStyle = palette.lineStrong;
  context.beginPath();
  context.moveTo(0, AXIS_PX - 0.5);
  context.lineTo(time.widthPx, AXIS_PX - 0.5);
  context.stroke();
}

function drawTicks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { time, palette } = scene;
  let freePx = Number.NEGATIVE_INFINITY;
  for (const tick of ticksOf(time, scene.columns.extent?.fromNs ?? 0)) {
    const x = upright(context, scene, tick.xPx);
    const starts = tick.sinceNs === 0;
    const text = starts
      ? beginning(tick.atNs - scene.originNs, tick.stepNs)
      : `+${mark(tick.sinceNs, tick.stepNs)}`;
    const width = context.measureText(text).width;
    const left = Math.max(2, Math.min(x - (starts ? 0 : width / 2), time.widthPx - width - 2));
    if (left < freePx) continue;
    context.fillStyle = starts ? palette.text : palette.textMuted;
    context.fillText(text, left, AXIS_PX / 2 - 2);
    freePx = left + width + 10;
  }
}

function upright(context: CanvasRenderingContext2D, { palette, heightPx }: Scene, xPx: number): number {
  const x = Math.round(xPx) + 0.5;
  context.strokeStyle = palette.line;
  context.beginPath();
  context.moveTo(x, AXIS_PX - 5);
  context.lineTo(x, heightPx);
  context.stroke();
  return x;
}

/** In even steps the axis counts the hops, as the story does. */
function drawSteps(context: CanvasRenderingContext2D, scene: Scene): void {
  const { columns, time, palette } = scene;
  let freePx = Number.NEGATIVE_INFINITY;
  for (let hop = columns.first[0]!; hop < columns.first[1]!; hop++) {
    const x = upright(context, scene, time.x(columns.times[hop]!));
    const text = String(hop + 1);
    const width = context.measureText(text).width;
    if (x - width / 2 < freePx) continue;
    context.fillStyle = palette.textMuted;
    context.fillText(text, x - width / 2, AXIS_PX / 2 - 2);
    freePx = x + width / 2 + 4;
  }
}

const beginning = (ns: number, stepNs: number): string =>
  ns === 0 ? '0' : mark(ns, Math.max(ns / 2000, Math.min(stepNs, ns / 100)));

/** A piece of paper with teeth, and how long the piece is that was torn out. */
export function drawFolds(context: CanvasRenderingContext2D, scene: Scene): void {
  const { time, heightPx } = scene;
  const [first, last] = time.foldsInSight();
  for (let fold = first; fold < last; fold++) {
    const left = time.foldX(fold);
    if (time.foldPx < 7) {
      context.fillStyle = scene.palette.ground;
      context.fillRect(left, AXIS_PX, Math.max(1, time.foldPx), heightPx - AXIS_PX);
    } else {
      drawFold(context, scene, left, time.folds.to[fold]! - time.folds.from[fold]!);
    }
  }
}

const TOOTH_PX = 7;

function tear(path: Path2D, x: number, fromY: number, toY: number): void {
  const down = toY > fromY ? 1 : -1;
  let out = false;
  for (let y = fromY; (toY - y) * down > 0; y += TOOTH_PX * down) {
    path.lineTo(x + (out ? 3 : 0), y);
    out = !out;
  }
  path.lineTo(x, toY);
}

function drawFold(context: CanvasRenderingContext2D, scene: Scene, left: number, lengthNs: number): void {
  const { palette, heightPx, time } = scene;
  const right = left + time.foldPx;
  const gap = new Path2D();
  gap.moveTo(left, AXIS_PX);
  tear(gap, left + 1, AXIS_PX, heightPx);
  tear(gap, right - 4, heightPx, AXIS_PX);
  gap.closePath();
  context.fillStyle = palette.ground;
  context.fill(gap);
  context.strokeStyle = palette.lineStrong;
  context.lineWidth = 1;
  for (const [x, from, to] of [
    [left + 1, AXIS_PX, heightPx],
    [right - 4, AXIS_PX, heightPx],
  ] as const) {
    const edge = new Path2D();
    edge.moveTo(x, from);
    tear(edge, x, from, to);
    context.stroke(edge);
  }
  if (time.foldPx < 16) return;
  context.save();
  context.translate((left + right) / 2, AXIS_PX + 8);
  context.rotate(-Math.PI / 2);
  context.fillStyle = palette.textMuted;
  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  context.fillText(duration(lengthNs), 0, 0);
  context.restore();
}
