/** The whole of what is known in a strip: packets by time, those that were dropped on top, and the window that the diagram shows. */
import type { Palette } from '../../app/palette.ts';
import type { Window } from '../time/time-scale.ts';

export interface Rates {
  readonly window: Window;
  readonly all: Uint32Array;
  /** Dropped, or lost by us. */
  readonly bad: Uint32Array;
  readonly most: number;
}

interface Born {
  readonly startNs: number;
  readonly bad: boolean;
}

export function ratesOf(journeys: readonly Born[], window: Window, bins: number): Rates {
  const all = new Uint32Array(Math.max(1, bins));
  const bad = new Uint32Array(all.length);
  const perBin = Math.max(1, window.toNs - window.fromNs) / all.length;
  for (const born of journeys) {
    const bin = Math.floor((born.startNs - window.fromNs) / perBin);
    if (bin < 0 || bin > all.length) continue;
    const at = Math.min(bin, all.length - 1);
    all[at]! += 1;
    if (born.bad) bad[at]! += 1;
  }
  let most = 1;
  for (const count of all) most = Math.max(most, count);
  return { window, all, bad, most };
}

export const BIN_PX = 3;

export function drawOverview(
  context: CanvasRenderingContext2D,
  rates: Rates,
  shown: readonly [number, number],
  size: { readonly widthPx: number; readonly heightPx: number },
  palette: Palette,
): void {
  const { widthPx, heightPx } = size;
  context.fillStyle = palette.sunken;
  context.fillRect(0, 0, widthPx, heightPx);
  const room = heightPx - 8;
  for (let bin = 0; bin < rates.all.length; bin++) {
    const count = rates.all[bin]!;
    if (count === 0) continue;
    // A root, so that one packet is seen beside a thousand.
    const height = Math.max(2, Math.sqrt(count / rates.most) * room);
    context.fillStyle = palette.textFaint;
    context.fillRect(bin * BIN_PX, heightPx - height, BIN_PX - 1, height);
    const dropped = rates.bad[bin]!;
    if (dropped === 0) continue;
    context.fillStyle = palette.outcome.dropped;
    context.fillRect(bin * BIN_PX, heightPx - Math.max(3, (height * dropped) / count), BIN_PX - 1, heightPx);
    context.beginPath();
    context.moveTo(bin * BIN_PX - 3, 0);
    context.lineTo(bin * BIN_PX + BIN_PX + 2, 0);
    context.lineTo(bin * BIN_PX + BIN_PX / 2 - 0.5, 5);
    context.fill();
  }
  const [left, right] = shown;
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.14;
  context.fillRect(left, 0, right - left, heightPx);
  context.globalAlpha = 1;
  context.fillRect(left - 1, 0, 2, heightPx);
  context.fillRect(right - 1, 0, 2, heightPx);
}
