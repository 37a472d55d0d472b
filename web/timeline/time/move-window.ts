/** Moving about in time: each step is a new window, worked out in px so that it feels the same over folds. */
import { NS_PX_MAX, TimeScale, type Window } from './time-scale.ts';

/** Room left and right of what is fitted, as a share of the width. */
const MARGIN_SHARE = 0.03;

export function panned(scale: TimeScale, byPx: number): Window {
  return { fromNs: scale.ns(byPx), toNs: scale.ns(scale.widthPx + byPx) };
}

/** `factor` above 1 shows less time. What is below `atPx` stays there. */
export function zoomed(scale: TimeScale, factor: number, atPx: number): Window {
  const f = Math.min(factor, Math.max(1, NS_PX_MAX / scale.pxPerNs));
  const fromPx = atPx - atPx / f;
  return { fromNs: scale.ns(fromPx), toNs: scale.ns(fromPx + scale.widthPx / f) };
}

/** That time, with some room around it. */
export function around(
  window: Window,
  scale: Pick<TimeScale, 'widthPx' | 'folds'>,
  rightShare = MARGIN_SHARE,
): Window {
  const tight = new TimeScale(window, scale.widthPx * (1 - MARGIN_SHARE - rightShare), scale.folds);
  const left = MARGIN_SHARE * scale.widthPx;
  return { fromNs: tight.ns(-left), toNs: tight.ns(tight.widthPx + rightShare * scale.widthPx) };
}

/** The least move that brings that time into sight; the same window if it is. */
export function revealing(scale: TimeScale, ns: number): Window {
  const x = scale.x(ns);
  const edge = Math.min(60, scale.widthPx / 8);
  if (x < edge) return panned(scale, x - edge);
  if (x > scale.widthPx - edge) return panned(scale, x - scale.widthPx + edge);
  return scale.window;
}
