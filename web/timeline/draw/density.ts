/**
 * More journeys than lines could show: how many pass, by place and time, as bands of colour. A cell is some px of time between two
 * stations. The scale is fixed (each doubling is a step darker), so that nothing flickers when the window moves.
 */
import { look } from '../journeys/track.ts';
import type { Scene } from './scene.ts';

const CELL_PX = 2;
/** How thick what rests at a station is drawn. */
const RAIL_PX = 2;

export interface Density {
  readonly columns: number;
  /** Twice the lanes less one: those with an even number are stations, between them is what is under way. */
  readonly rows: number;
  /** By row, then column. */
  readonly counts: Float32Array;
  readonly rewritten: Float32Array;
}

export function densityOf(
  scene: Pick<Scene, 'columns' | 'time' | 'lanes'>,
  from: number,
  to: number,
): Density {
  const { columns: journeys, time, lanes } = scene;
  const columns = Math.ceil(time.widthPx / CELL_PX);
  const rows = Math.max(1, lanes.count * 2 - 1);
  const counts = new Float32Array(rows * columns);
  const rewritten = new Float32Array(rows * columns);
  for (let journey = from; journey < to; journey++) {
    const last = journeys.first[journey + 1]! - 1;
    let x = time.x(journeys.times[journeys.first[journey]!]!) / CELL_PX;
    for (let hop = journeys.first[journey]!; hop < last; hop++) {
      const toX = time.x(journeys.times[hop + 1]!) / CELL_PX;
      if (toX >= 0 && x < columns) {
        const nat = (journeys.looks[hop]! & (look.dnat | look.snat)) !== 0 ? 1 : 0;
        walk(counts, rewritten, nat, columns, x, journeys.lanes[hop]! * 2, toX, journeys.lanes[hop + 1]! * 2);
      }
      x = toX;
    }
  }
  return { columns, rows, counts, rewritten };
}

/** Counts the cells along a line, each once. What is out of sight is not walked. */
function walk(
  counts: Float32Array,
  rewritten: Float32Array,
  nat: number,
  columns: number,
  fromX: number,
  fromRow: number,
  toX: number,
  toRow: number,
): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(toRow - fromRow), toX - fromX)));
  const perStep = (toX - fromX) / steps;
  const first = fromX < 0 && perStep > 0 ? Math.floor(-fromX / perStep) : 0;
  const end = perStep > 0 ? Math.min(steps, Math.ceil((columns - fromX) / perStep)) : steps;
  for (let s = first; s < Math.max(end, first + 1); s++) {
    const column = Math.floor(fromX + s * perStep);
    if (column < 0 || column >= columns) continue;
    const row = Math.round(fromRow + ((toRow - fromRow) * (s + 0.5)) / steps);
    const cell = row * columns + column;
    counts[cell]! += 1;
    rewritten[cell]! += nat;
  }
}

let sheet: HTMLCanvasElement | undefined;
let colours: { readonly of: string; readonly plain: Rgb; readonly nat: Rgb } | undefined;
type Rgb = readonly [number, number, number];

function rgbOf(context: CanvasRenderingContext2D, colour: string): Rgb {
  context.fillStyle = colour;
  context.clearRect(0, 0, 1, 1);
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return [r!, g!, b!];
}

export function drawDensity(context: CanvasRenderingContext2D, scene: Scene, from: number, to: number): void {
  const { lanes, laneScale, palette } = scene;
  const density = densityOf(scene, from, to);
  sheet ??= document.createElement('canvas');
  if (sheet.width !== density.columns) sheet.width = density.columns;
  if (sheet.height !== density.rows) sheet.height = density.rows;
  const paint = sheet.getContext('2d', { willReadFrequently: true })!;
  const key = `${palette.accent} ${palette.change.dnat}`;
  if (colours?.of !== key)
    colours = { of: key, plain: rgbOf(paint, palette.accent), nat: rgbOf(paint, palette.change.dnat) };
  paint.putImageData(imageOf(density, colours.plain, colours.nat), 0, 0);
  context.imageSmoothingEnabled = false;
  for (let row = 0; row < density.rows; row++) {
    const lane = row >> 1;
    const top = laneScale.y(lane);
    const next = laneScale.y(Math.min(lane + 1, lanes.count - 1));
    const [y, height] =
      row % 2 === 0 ? [top - RAIL_PX / 2, RAIL_PX] : [top + RAIL_PX / 2, next - top - RAIL_PX];
    context.drawImage(sheet, 0, row, density.columns, 1, 0, y, density.columns * CELL_PX, height);
  }
}

function imageOf({ columns, rows, counts, rewritten }: Density, plain: Rgb, nat: Rgb): ImageData {
  const image = new ImageData(columns, rows);
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell]!;
    if (count === 0) continue;
    const share = rewritten[cell]! / count;
    for (let c = 0; c < 3; c++) image.data[cell * 4 + c] = plain[c]! + (nat[c]! - plain[c]!) * share;
    image.data[cell * 4 + 3] = Math.min(255, 46 + 36 * Math.log2(1 + count));
  }
  return image;
}
