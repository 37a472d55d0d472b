/** Words beside the lines, where there is room: what a packet is, where it is born; why it was dropped, where it ends. */
import type { Room } from './room.ts';
import { pointOf, type Scene } from './scene.ts';

const HEIGHT_PX = 14;

/** Where no word is to lie. */
export function takeFolds({ time, heightPx }: Scene, room: Room): void {
  const [first, last] = time.foldsInSight();
  for (let fold = first; fold < last; fold++) {
    const left = time.foldX(fold);
    room.take(left, 0, left + time.foldPx, heightPx);
  }
}

/** Of the selected journey: before all else has taken the room. */
export function drawOwnLabels(
  context: CanvasRenderingContext2D,
  scene: Scene,
  journey: number,
  room: Room,
): void {
  drawEndLabel(context, scene, journey, room);
  drawBirthLabel(context, scene, journey, room);
}

/** Of all others. Those that were dropped first: they are why somebody looks. */
export function drawLabels(
  context: CanvasRenderingContext2D,
  scene: Scene,
  [from, to]: readonly [number, number],
  room: Room,
): void {
  const selected = scene.selected?.journey;
  for (let journey = from; journey < to; journey++)
    if (journey !== selected) drawEndLabel(context, scene, journey, room);
  if (selected !== undefined) return;
  for (let journey = from; journey < to; journey++) drawBirthLabel(context, scene, journey, room);
}

function drawEndLabel(context: CanvasRenderingContext2D, scene: Scene, journey: number, room: Room): void {
  const { columns, palette, time } = scene;
  const { outcome } = columns.tracks[journey]!.journey;
  const text = endWords(outcome);
  if (text === undefined) return;
  const [x, y] = pointOf(scene, columns.first[journey]! + outcome.at);
  if (x < 0 || x > time.widthPx) return;
  context.font = `600 11px ${palette.font}`;
  const width = context.measureText(text).width;
  const free = [x + 14, x - 14 - width].find(
    left =>
      left >= 0 &&
      left + width <= time.widthPx &&
      room.take(left - 3, y - HEIGHT_PX / 2, left + width + 3, y + HEIGHT_PX / 2),
  );
  // Of the selected journey it is said in any case.
  const left = free ?? (journey === scene.selected?.journey ? Math.max(2, x - 14 - width) : undefined);
  if (left === undefined) return;
  plate(context, scene, left, y, width);
  context.fillStyle = palette.outcome[outcome.kind];
  context.fillText(text, left, y);
}

function endWords(outcome: Scene['columns']['tracks'][number]['journey']['outcome']): string | undefined {
  switch (outcome.kind) {
    case 'dropped':
      return outcome.reason;
    case 'open':
      return outcome.waiting === 'unknown' ? 'on its way' : `waits: ${outcome.waiting}`;
    case 'lost':
      return `not seen any further (${outcome.cause})`;
    default:
      return undefined;
  }
}

function drawBirthLabel(context: CanvasRenderingContext2D, scene: Scene, journey: number, room: Room): void {
  const { columns, palette, time, laneScale } = scene;
  const first = columns.first[journey]!;
  const [x, y] = pointOf(scene, first);
  if (x < -4 || x > time.widthPx) return;
  const end = laneScale.y(columns.lanes[columns.first[journey + 1]! - 1]!);
  const { summary, complete } = columns.tracks[journey]!.journey;
  const text =
    complete || scene.columns.tracks[journey]!.journey.closedBy === undefined
      ? summary
      : `${summary} (not whole)`;
  context.font = `11px ${palette.font}`;
  const width = context.measureText(text).width;
  if (x + width > time.widthPx) return;
  // On the side that the line does not go to.
  const middle = end >= y ? y - 12 : y + 12;
  if (!room.take(x - 4, middle - HEIGHT_PX / 2, x + width + 6, middle + HEIGHT_PX / 2)) return;
  plate(context, scene, x, middle, width);
  context.fillStyle = journey === scene.selected?.journey ? palette.text : palette.textMuted;
  context.fillText(text, x, middle);
}

function plate(
  context: CanvasRenderingContext2D,
  scene: Scene,
  left: number,
  middle: number,
  width: number,
): void {
  context.textBaseline = 'middle';
  context.globalAlpha = 0.8;
  context.fillStyle = scene.palette.surface;
  context.beginPath();
  context.roundRect(left - 3, middle - HEIGHT_PX / 2, width + 6, HEIGHT_PX, 3);
  context.fill();
  context.globalAlpha = 1;
}
