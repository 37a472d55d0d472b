import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { palette } from '../../app/palette.ts';
import { range } from '../../app/state.ts';
import { BIN_PX, drawOverview, type Rates, ratesOf } from '../draw/overview.ts';
import { beginFrame, frameScheduler } from '../draw/surface.ts';
import type { Track } from '../journeys/track.ts';
import type { Window } from '../time/time-scale.ts';
import type { Diagram } from './diagram.ts';

const HANDLE_PX = 7;
/** A window of microseconds in a session of minutes can still be seen and taken. */
const LEAST_PX = 8;

function extentOf(tracks: readonly Track[]): Window {
  let fromNs = Number.POSITIVE_INFINITY;
  let toNs = Number.NEGATIVE_INFINITY;
  for (const track of tracks) {
    fromNs = Math.min(fromNs, track.startNs);
    toNs = Math.max(toNs, track.endNs);
  }
  return toNs > fromNs ? { fromNs, toNs } : { fromNs: 0, toNs: 1e9 };
}

type Grip = 'from' | 'to' | 'both';

/** All that is known, in true time: rate and drops, and the window on it that the diagram shows. It can be moved and stretched. */
export function Overview({ diagram }: { readonly diagram: Diagram }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef({
    extent: { fromNs: 0, toNs: 1 },
    widthPx: 1,
    shown: [0, 0] as readonly [number, number],
  });
  useEffect(() => {
    const element = canvas.current!;
    const frames = frameScheduler(() => draw(diagram, element, view.current));
    const stop = effect(() => {
      diagram.scene.value;
      diagram.tracks.value;
      frames.request();
    });
    const watched = new ResizeObserver(frames.request);
    watched.observe(element);
    return () => {
      stop();
      watched.disconnect();
      frames.dispose();
    };
  }, [diagram]);
  const grip = useRef<{ readonly of: Grip; readonly xPx: number; readonly window: Window } | undefined>(
    undefined,
  );
  const take = (xPx: number): void => {
    const { shown, extent, widthPx } = view.current;
    const ns = (px: number): number => extent.fromNs + (px / widthPx) * (extent.toNs - extent.fromNs);
    const [left, right] = shown;
    const { time, kind } = diagram.scene.peek();
    if (kind !== 'time') return;
    if (xPx < left - HANDLE_PX || xPx > right + HANDLE_PX) {
      const half = (time.window.toNs - time.window.fromNs) / 2;
      range.value = { fromNs: ns(xPx) - half, toNs: ns(xPx) + half };
      grip.current = { of: 'both', xPx, window: range.value };
      return;
    }
    const wide = right - left > 3 * HANDLE_PX;
    const of: Grip =
      wide && xPx < left + HANDLE_PX ? 'from' : wide && xPx > right - HANDLE_PX ? 'to' : 'both';
    grip.current = { of, xPx, window: time.window };
  };
  const move = (xPx: number): void => {
    const held = grip.current;
    if (held === undefined) return;
    const { extent, widthPx } = view.current;
    const by = ((xPx - held.xPx) / widthPx) * (extent.toNs - extent.fromNs);
    const { fromNs, toNs } = held.window;
    const least = (extent.toNs - extent.fromNs) / 1e6;
    range.value = {
      fromNs:
        held.of === 'to'
          ? fromNs
          : Math.min(fromNs + by, held.of === 'from' ? toNs - least : Number.POSITIVE_INFINITY),
      toNs:
        held.of === 'from'
          ? toNs
          : Math.max(toNs + by, held.of === 'to' ? fromNs + least : Number.NEGATIVE_INFINITY),
    };
  };
  return (
    <canvas
      ref={canvas}
      class="timeline-overview"
      role="img"
      aria-label="Packets by time in the whole session, drops marked, and the window that the diagram shows"
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        take(event.offsetX);
      }}
      onPointerMove={event => move(event.offsetX)}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onPointerCancel={() => {
        grip.current = undefined;
      }}
    />
  );
}

interface Known {
  readonly tracks: readonly Track[];
  readonly bins: number;
  readonly extent: Window;
  readonly rates: Rates;
}

let counted: Known | undefined;

/** Counted again only when something else is known. */
function knownOf(tracks: readonly Track[], bins: number): Known {
  if (counted?.tracks === tracks && counted.bins === bins) return counted;
  const extent = extentOf(tracks);
  counted = { tracks, bins, extent, rates: ratesOf(tracks, extent, bins) };
  return counted;
}

function draw(
  diagram: Diagram,
  element: HTMLCanvasElement,
  view: { extent: Window; widthPx: number; shown: readonly [number, number] },
): void {
  const { width, height } = element.getBoundingClientRect();
  const { kind, time, columns } = diagram.scene.peek();
  const known = knownOf(diagram.tracks.peek(), Math.floor(width / BIN_PX));
  view.extent = known.extent;
  view.widthPx = Math.max(1, width);
  const { fromNs, toNs } = view.extent;
  const x = (ns: number): number =>
    Math.max(0, Math.min(width, ((ns - fromNs) / Math.max(1, toNs - fromNs)) * width));
  const window = kind === 'time' ? time.window : extentOf(columns.tracks);
  const middle = (x(window.fromNs) + x(window.toNs)) / 2;
  const half = Math.max(LEAST_PX / 2, (x(window.toNs) - x(window.fromNs)) / 2);
  view.shown = [middle - half, middle + half];
  drawOverview(
    beginFrame(element, width, height),
    known.rates,
    view.shown,
    { widthPx: width, heightPx: height },
    palette.peek(),
  );
}
