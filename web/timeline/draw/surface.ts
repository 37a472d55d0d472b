/** A canvas in CSS px, sharp on every screen, and a frame that is drawn only when something changed. */

/** Sizes the canvas for its place and clears it; drawing is in CSS px from then on. */
export function beginFrame(
  canvas: HTMLCanvasElement,
  widthPx: number,
  heightPx: number,
): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(widthPx * ratio));
  const height = Math.max(1, Math.round(heightPx * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, widthPx, heightPx);
  return context;
}

export interface FrameScheduler {
  /** Draws before the next repaint; asked for twice, it draws once. */
  request(): void;
  dispose(): void;
}

export function frameScheduler(draw: () => void): FrameScheduler {
  let asked: number | undefined;
  return {
    request: () => {
      asked ??= requestAnimationFrame(() => {
        asked = undefined;
        draw();
      });
    },
    dispose: () => {
      if (asked !== undefined) cancelAnimationFrame(asked);
    },
  };
}
