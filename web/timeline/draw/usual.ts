/** The median and the 99th percentile, bold, over the journeys that they are of. */
import { duration } from '../../../src/words/times.ts';
import { writeOn } from './focus.ts';
import type { Scene, Usual } from './scene.ts';

export function drawUsual(context: CanvasRenderingContext2D, scene: Scene): void {
  for (const [i, usual] of scene.usual.entries()) {
    const path = pathOf(scene, usual);
    context.lineJoin = 'round';
    context.strokeStyle = scene.palette.surface;
    context.lineWidth = 7;
    context.stroke(path);
    context.strokeStyle = scene.palette.text;
    context.lineWidth = 3;
    // Told apart by more than their place.
    context.setLineDash(i === 0 ? [] : [9, 4]);
    context.stroke(path);
    context.setLineDash([]);
  }
  for (const usual of scene.usual) {
    const at = usual.times.length - 1;
    const text = `${usual.label} ${duration(usual.times[at]!)}`;
    const y = scene.laneScale.y(usual.lanes[at]!);
    writeOn(
      context,
      scene,
      text,
      scene.time.x(usual.times[at]!),
      y + (usual === scene.usual[0] ? -13 : 15),
      true,
    );
  }
}

function pathOf({ time, laneScale }: Scene, { times, lanes }: Usual): Path2D {
  const path = new Path2D();
  for (const [hop, ns] of times.entries()) {
    const x = time.x(ns);
    const y = laneScale.y(lanes[hop]!);
    if (hop === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  return path;
}
