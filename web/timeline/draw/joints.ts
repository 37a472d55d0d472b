/** Forks and merges between the lines; answers, errors and repetitions only of the selected journey, for they join what is far apart. */
import { isFork, type Joint } from '../journeys/joints.ts';
import { pointOf, type Scene } from './scene.ts';

export function drawJoints(context: CanvasRenderingContext2D, scene: Scene, from: number, to: number): void {
  const { joints, selected, palette } = scene;
  for (const joint of joints) {
    if (Math.max(joint.parent, joint.child) < from || Math.min(joint.parent, joint.child) >= to) continue;
    const ofSelected = joint.parent === selected?.journey || joint.child === selected?.journey;
    if (!isFork(joint.kind) && !ofSelected) continue;
    context.globalAlpha = selected === undefined || ofSelected ? 1 : 0.4;
    context.strokeStyle = isFork(joint.kind) ? palette.outcome.continued : palette.textMuted;
    drawJoint(context, scene, joint);
  }
  context.globalAlpha = 1;
}

function drawJoint(context: CanvasRenderingContext2D, scene: Scene, joint: Joint): void {
  const [fromX, fromY] = pointOf(scene, joint.from);
  const [toX, toY] = pointOf(scene, joint.to);
  const fork = isFork(joint.kind);
  context.lineWidth = 1.3;
  context.setLineDash(fork ? [] : [2, 3]);
  context.beginPath();
  context.moveTo(fromX, fromY);
  if (fork) context.lineTo(toX, toY);
  else context.bezierCurveTo(fromX + 24, fromY, toX - 24, toY, toX, toY);
  context.stroke();
  context.setLineDash([]);
  if (!fork) return;
  context.fillStyle = context.strokeStyle;
  context.beginPath();
  context.arc(fromX, fromY, 2.6, 0, 2 * Math.PI);
  context.fill();
}
