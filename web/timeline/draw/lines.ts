/** Journeys as lines. Stretches of one look are one path, so that a frame is some dozens of strokes, however many journeys it has. */
import { look, stretch } from '../journeys/track.ts';
import { isTwiceRewritten, lineColour, type Scene } from './scene.ts';

const STRETCHES = 3;
const LOOKS = 8;
/** Points nearer to each other than this are one. */
const NEAR_PX = 0.4;

export const dashes: readonly (readonly number[])[] = [[], [5, 4], [1.5, 4]];

type Paths = (Path2D | undefined)[];

/** Adds the stretches of one journey to the paths of their looks. A stretch looks as the packet did when it left the hop before. */
function addJourney(paths: Paths, scene: Scene, journey: number): void {
  const { columns, time, laneScale } = scene;
  const { times, lanes, looks, stretches } = columns;
  const first = columns.first[journey]!;
  const last = columns.first[journey + 1]! - 1;
  let x = time.x(times[first]!);
  let y = laneScale.y(lanes[first]!);
  let drawnKey = -1;
  for (let hop = first + 1; hop <= last; hop++) {
    const toX = time.x(times[hop]!);
    const toY = laneScale.y(lanes[hop]!);
    const near = Math.abs(toX - x) < NEAR_PX && Math.abs(toY - y) < NEAR_PX;
    const key = looks[hop - 1]! * STRETCHES + stretches[hop]!;
    if (near && hop < last && key === drawnKey) continue;
    if ((toX >= 0 || x >= 0) && (x <= time.widthPx || toX <= time.widthPx)) {
      let path = paths[key];
      if (path === undefined) paths[key] = path = new Path2D();
      if (key !== drawnKey) path.moveTo(x, y);
      path.lineTo(toX, toY);
      drawnKey = key;
    } else drawnKey = -1;
    x = toX;
    y = toY;
  }
}

function strokePaths(context: CanvasRenderingContext2D, scene: Scene, paths: Paths, widthPx: number): void {
  const { palette } = scene;
  context.lineJoin = 'round';
  const base = context.globalAlpha;
  for (let key = 0; key < LOOKS * STRETCHES; key++) {
    const path = paths[key];
    if (path === undefined || (Math.floor(key / STRETCHES) & look.encap) === 0) continue;
    // The tunnel around it.
    context.strokeStyle = palette.change.encap;
    context.globalAlpha = base * 0.3;
    context.lineWidth = widthPx + 6;
    context.setLineDash([]);
    context.stroke(path);
  }
  context.globalAlpha = base;
  for (let key = 0; key < LOOKS * STRETCHES; key++) {
    const path = paths[key];
    if (path === undefined) continue;
    const state = Math.floor(key / STRETCHES);
    const sure = key % STRETCHES;
    context.lineWidth = widthPx;
    context.strokeStyle = sure === stretch.gap ? palette.outcome.lost : lineColour(state, palette);
    context.setLineDash([...dashes[sure]!]);
    context.stroke(path);
    if (!isTwiceRewritten(state) || sure !== stretch.seen) continue;
    context.strokeStyle = palette.change.snat;
    context.setLineDash([7, 7]);
    context.stroke(path);
  }
  context.setLineDash([]);
}

/** @param skip drawn elsewhere */
export function drawLines(
  context: CanvasRenderingContext2D,
  scene: Scene,
  from: number,
  to: number,
  skip?: number,
): void {
  const paths: Paths = [];
  for (let journey = from; journey < to; journey++) if (journey !== skip) addJourney(paths, scene, journey);
  const many = to - from > 80;
  context.globalAlpha =
    (scene.selected === undefined && scene.usual.length === 0 ? 1 : 0.42) * (many ? 0.75 : 1);
  strokePaths(context, scene, paths, many ? 1.1 : 1.7);
  context.globalAlpha = 1;
}

/** One journey, so that it stands out from all. */
export function drawLine(
  context: CanvasRenderingContext2D,
  scene: Scene,
  journey: number,
  widthPx: number,
): void {
  const paths: Paths = [];
  addJourney(paths, scene, journey);
  context.lineWidth = widthPx + 5;
  context.strokeStyle = scene.palette.surface;
  context.lineJoin = 'round';
  for (const path of paths) if (path !== undefined) context.stroke(path);
  strokePaths(context, scene, paths, widthPx);
}
