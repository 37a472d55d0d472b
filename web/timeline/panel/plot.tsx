import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drawPicture } from '../draw/picture.ts';
import { beginFrame, frameScheduler } from '../draw/surface.ts';
import { choose, pan, pointAt, pressKey, showAll, zoom } from './actions.ts';
import type { Diagram } from './diagram.ts';

/** A movement that is shorter is a click. */
const CLICK_PX = 4;
const WHEEL_STEP = 500;

/** The canvas: draws the scene whenever it is another one, and hears pointer and keys. */
export function Plot({ diagram }: { readonly diagram: Diagram }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    const { size, scene } = diagram;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      if (width > 0) size.value = { widthPx: Math.round(width), heightPx: Math.round(height) };
    };
    const frames = frameScheduler(() => {
      const { widthPx, heightPx } = size.peek();
      drawPicture(beginFrame(element, widthPx, heightPx), scene.peek());
    });
    const watched = new ResizeObserver(measure);
    watched.observe(element);
    measure();
    const undraw = effect(() => {
      scene.value;
      frames.request();
    });
    // Preact hears the wheel passively: the page would scroll as well.
    const wheel = (event: WheelEvent) => onWheel(diagram, element, event);
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      element.removeEventListener('wheel', wheel);
      undraw();
      watched.disconnect();
      frames.dispose();
    };
  }, [diagram]);
  const press = useRef<{ readonly xPx: number; readonly yPx: number; moved: boolean } | undefined>(undefined);
  return (
    <canvas
      ref={canvas}
      class="timeline-canvas"
      tabIndex={0}
      aria-roledescription="time–space diagram"
      aria-label="Packets across places. Arrow keys walk the hops and journeys."
      aria-describedby="timeline-words"
      onKeyDown={event => {
        if (pressKey(diagram, event)) event.preventDefault();
      }}
      onPointerDown={event => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        press.current = { xPx: event.offsetX, yPx: event.offsetY, moved: false };
      }}
      onPointerMove={event => {
        const from = press.current;
        if (from === undefined) return pointAt(diagram, event.offsetX, event.offsetY);
        if (!from.moved && Math.hypot(event.offsetX - from.xPx, event.offsetY - from.yPx) < CLICK_PX) return;
        pan(diagram, from.xPx - event.offsetX, from.yPx - event.offsetY);
        press.current = { xPx: event.offsetX, yPx: event.offsetY, moved: true };
        diagram.pointer.value = { xPx: event.offsetX, yPx: event.offsetY, dragging: true };
      }}
      onPointerUp={event => {
        if (press.current?.moved === false) choose(diagram, event.offsetX, event.offsetY);
        press.current = undefined;
        pointAt(diagram, event.offsetX, event.offsetY);
      }}
      onPointerCancel={() => {
        press.current = undefined;
        diagram.pointer.value = undefined;
      }}
      onPointerLeave={() => {
        if (press.current === undefined) diagram.pointer.value = undefined;
      }}
      onDblClick={() => showAll(diagram)}
    />
  );
}

function onWheel(diagram: Diagram, element: HTMLElement, event: WheelEvent): void {
  event.preventDefault();
  const xPx = event.clientX - element.getBoundingClientRect().left;
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
    pan(diagram, (event.deltaX || event.deltaY) * lines);
  else zoom(diagram, 2 ** ((-event.deltaY * lines) / WHEEL_STEP), xPx);
}
