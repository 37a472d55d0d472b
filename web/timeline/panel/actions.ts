/** What the reader does to the diagram: every key, button and movement of the pointer ends here. */
import { batch } from '@preact/signals';
import {
  clearSelection,
  paused,
  selection,
  selectJourney,
  stepHop,
  type View,
  view,
} from '../../app/state.ts';
import { spotAt } from '../draw/hit.ts';
import { AXIS_PX, hopIndex, pointOf } from '../draw/scene.ts';
import { around, panned, revealing, zoomed } from '../time/move-window.ts';
import { Folds } from '../time/time-scale.ts';
import type { Diagram } from './diagram.ts';

const ZOOM_KEY = 1.5;
const PAN_KEY_SHARE = 0.15;

export function zoom(diagram: Diagram, factor: number, atPx?: number): void {
  const { time } = diagram.scene.peek();
  diagram.window.value = zoomed(time, factor, atPx ?? time.widthPx / 2);
}

export function pan(diagram: Diagram, byPx: number, downPx = 0): void {
  const { time, laneScale } = diagram.scene.peek();
  const { scrollPx } = diagram.choices;
  const most = Math.max(0, laneScale.heightPx - (diagram.size.peek().heightPx - AXIS_PX));
  batch(() => {
    if (byPx !== 0) diagram.window.value = panned(time, byPx);
    scrollPx.value = Math.max(0, Math.min(most, scrollPx.peek() + downPx));
  });
}

/** All that the view shows; Live goes back to the newest and follows again. */
export function showAll(diagram: Diagram): void {
  diagram.window.value = undefined;
}

/** Lets go of the journey that was being read, and goes on. */
export function follow(diagram: Diagram): void {
  batch(() => {
    diagram.pointer.value = undefined;
    paused.value = false;
    clearSelection();
    view.value = 'live';
    showAll(diagram);
  });
}

/** The selected journey, with some room around it. */
export function fitSelected(diagram: Diagram): void {
  const { columns, selected, time } = diagram.scene.peek();
  if (selected === undefined) {
    showAll(diagram);
    return;
  }
  const window = { fromNs: columns.starts[selected.journey]!, toNs: columns.ends[selected.journey]! };
  diagram.window.value = around(window, time, 0.08);
}

export function setView(diagram: Diagram, to: View): void {
  batch(() => {
    diagram.choices.even.value = false;
    diagram.choices.ownRange.value = undefined;
    if (to !== view.peek()) showAll(diagram);
    view.value = to;
  });
}

export function toggleEven(diagram: Diagram): void {
  const { even, ownRange } = diagram.choices;
  batch(() => {
    ownRange.value = undefined;
    even.value = !even.peek() && selection.peek().journey !== undefined;
  });
}

export function toggleFolded(diagram: Diagram): void {
  diagram.choices.folded.value = !diagram.choices.folded.peek();
}

export function toggleBand(diagram: Diagram, key: string, open: boolean): void {
  const { bands, ungrouped } = diagram.choices;
  if (key.startsWith('group ')) ungrouped.value = new Set([...ungrouped.peek(), key]);
  else bands.value = new Map([...bands.peek(), [key, !open]]);
}

export function pointAt(diagram: Diagram, xPx: number, yPx: number): void {
  const scene = diagram.scene.peek();
  const spot = spotAt(scene, xPx, yPx);
  const at = spot && { journey: scene.columns.tracks[spot.journey]!.id, hop: spot.hop };
  diagram.pointer.value = { xPx, yPx, dragging: false, ...(at === undefined ? {} : { spot: at }) };
}

/** Beside every line it lets go. */
export function choose(diagram: Diagram, xPx: number, yPx: number): void {
  const scene = diagram.scene.peek();
  const spot = spotAt(scene, xPx, yPx);
  if (spot === undefined) letGo();
  else selectJourney(scene.columns.tracks[spot.journey]!.id, spot.hop);
}

/** Of the journey; the conversation that is shown alone stays. */
function letGo(): void {
  const { flow } = selection.peek();
  if (flow !== undefined && view.peek() === 'flow') selection.value = { flow };
  else clearSelection();
}

/** Brings the selected hop into sight, with as little movement as that takes. */
export function reveal(diagram: Diagram): void {
  const scene = diagram.scene.peek();
  const { selected, columns, time } = scene;
  if (selected === undefined) {
    revealOlder(diagram);
    return;
  }
  revealLane(diagram, pointOf(scene, hopIndex(scene, selected))[1]);
  const widthPx = time.x(columns.ends[selected.journey]!) - time.x(columns.starts[selected.journey]!);
  const ns = columns.times[hopIndex(scene, selected)]!;
  if (ns >= time.window.fromNs && ns <= time.window.toNs) return;
  if (widthPx < 40 || widthPx > time.widthPx) fitSelected(diagram);
  else diagram.window.value = revealing(time, ns);
}

/** Live shows the newest: for another one it goes back to where that was. */
function revealOlder(diagram: Diagram): void {
  const { journey } = selection.peek();
  const track = diagram.tracks.peek().find(({ id }) => id === journey);
  if (track === undefined || view.peek() !== 'live') return;
  const { widthPx } = diagram.size.peek();
  const window = { fromNs: track.startNs, toNs: track.endNs };
  diagram.window.value = around(window, { widthPx, folds: Folds.none }, 0.08);
}

const EDGE_PX = 28;

function revealLane(diagram: Diagram, yPx: number): void {
  const { heightPx } = diagram.size.peek();
  if (yPx < AXIS_PX + EDGE_PX) pan(diagram, 0, yPx - AXIS_PX - EDGE_PX);
  else if (yPx > heightPx - EDGE_PX) pan(diagram, 0, yPx - heightPx + EDGE_PX);
}

/** The journey before or after the selected one, in the order of birth. */
function stepJourney(diagram: Diagram, by: number): void {
  const { columns, selected } = diagram.scene.peek();
  if (columns.count === 0) return;
  const at = selected === undefined ? (by > 0 ? 0 : columns.count - 1) : selected.journey + by;
  const track = columns.tracks[Math.max(0, Math.min(columns.count - 1, at))]!;
  selectJourney(track.id, 0);
}

type Key = (diagram: Diagram) => void;

const keys: Readonly<Record<string, Key>> = {
  ArrowRight: () => stepHop(1),
  ArrowLeft: () => stepHop(-1),
  ArrowDown: diagram => stepJourney(diagram, 1),
  ArrowUp: diagram => stepJourney(diagram, -1),
  'Shift+ArrowRight': diagram => pan(diagram, PAN_KEY_SHARE * diagram.size.peek().widthPx),
  'Shift+ArrowLeft': diagram => pan(diagram, -PAN_KEY_SHARE * diagram.size.peek().widthPx),
  'Shift+ArrowDown': diagram => pan(diagram, 0, 60),
  'Shift+ArrowUp': diagram => pan(diagram, 0, -60),
  '+': diagram => zoom(diagram, ZOOM_KEY),
  '=': diagram => zoom(diagram, ZOOM_KEY),
  '-': diagram => zoom(diagram, 1 / ZOOM_KEY),
  f: showAll,
  s: fitSelected,
  t: toggleFolded,
  e: toggleEven,
  ' ': () => {
    paused.value = !paused.peek();
  },
  Escape: diagram => {
    if (diagram.choices.even.peek()) toggleEven(diagram);
    else if (selection.peek().journey !== undefined) letGo();
    else clearSelection();
  },
};

/** Was it one of ours? */
export function pressKey(
  diagram: Diagram,
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey'>,
): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const arrow = event.key.startsWith('Arrow');
  const key = keys[event.shiftKey && arrow ? `Shift+${event.key}` : event.key];
  key?.(diagram);
  return key !== undefined;
}
