import { useEffect, useRef } from 'preact/hooks';
import { selectedJourney, selection, selectJourney, stepHop } from '../app/state.ts';
import { Answer } from './answer.tsx';
import {
  BoxLabel,
  BoxShape,
  HopHalo,
  isActive,
  LineShape,
  MarkShape,
  ownersOf,
  PortShape,
  type Shown,
  Way,
  wayText,
} from './drawing.tsx';
import type { Layout } from './picture.ts';
import { placesOf } from './route.ts';
import * as state from './topology-state.ts';
import './topology.css';

/** The places of this machine as boxes within boxes, with the way of the selected packet. */
export function TopologyPanel() {
  const layout = state.layout.value;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => observed(panel.current!), []);
  const point = state.hopPoint.value;
  useEffect(() => bringHopIntoSight(panel.current!), [point?.xPx, point?.yPx]);
  return (
    <section class="panel topo" aria-label="Topology" ref={panel}>
      {layout === undefined ? (
        <p class="hint">What this machine looks like is not known yet.</p>
      ) : layout.boxes.length === 0 ? (
        <p class="hint">No network namespaces were found.</p>
      ) : (
        <Picture layout={layout} />
      )}
      <Answer />
    </section>
  );
}

/** The picture is laid out for the room that there is. */
function observed(panel: HTMLElement): () => void {
  const observer = new ResizeObserver(([entry]) => {
    const { width = 0, height = 0 } = entry?.contentRect ?? {};
    const { widthPx, heightPx } = state.room.peek();
    if (width > 0 && (Math.floor(width) !== widthPx || Math.floor(height) !== heightPx))
      state.room.value = { widthPx: Math.floor(width), heightPx: Math.floor(height) };
  });
  observer.observe(panel);
  return () => observer.disconnect();
}

const EDGE_PX = 12;

/** Of several machines only some are in sight. What is in sight does not move. */
function bringHopIntoSight(panel: HTMLElement): void {
  const hop = panel.querySelector('.topo-hop')?.getBoundingClientRect();
  if (hop === undefined) return;
  const room = panel.getBoundingClientRect();
  if (hop.top < room.top + EDGE_PX || hop.bottom > room.bottom - EDGE_PX)
    panel.scrollTop += (hop.top + hop.bottom - room.top - room.bottom) / 2;
  if (hop.left < room.left + EDGE_PX || hop.right > room.right - EDGE_PX)
    panel.scrollLeft += (hop.left + hop.right - room.left - room.right) / 2;
}

function Picture({ layout }: { layout: Layout }) {
  const journey = selectedJourney.value;
  const route = state.route.value;
  const point = state.hopPoint.value;
  const nameOf = ownersOf(layout);
  const shown: Shown = {
    isBusy: state.isBusy,
    wanted: state.wantedService.value,
    asked: state.asked.value,
    passed: journey === undefined ? nothing : placesOf(journey),
    nameOf,
  };
  const entry =
    layout.boxes.find(box => isActive(box) && box.id === state.asked.value) ?? layout.boxes.find(isActive);
  return (
    <>
      <svg
        class={journey === undefined ? 'topo-svg' : 'topo-svg has-way'}
        width={layout.widthPx * state.scale.value}
        height={layout.heightPx * state.scale.value}
        viewBox={`0 0 ${layout.widthPx} ${layout.heightPx}`}
        onClick={event => act(event.target)}
        onKeyDown={onKey}
      >
        <title>places of this machine and what joins them</title>
        {layout.boxes.map(box => (
          <BoxShape key={box.id} box={box} shown={shown} isEntry={box === entry} />
        ))}
        {layout.lines.map(line => (
          <LineShape key={line.id} line={line} shown={shown} />
        ))}
        {layout.ports.map(port => (
          <PortShape key={port.id} port={port} owner={nameOf(port.place?.parent ?? '')} />
        ))}
        {route === undefined ? undefined : <Way route={route} />}
        <g class="topo-labels" {...unsaid}>
          {layout.boxes
            .filter(({ kind }) => kind !== 'more')
            .map(box => (
              <BoxLabel key={box.id} box={box} />
            ))}
        </g>
        {point === undefined ? undefined : <HopHalo at={point} />}
        {state.marks.value.map((mark, i) => (
          <MarkShape key={i} mark={mark} />
        ))}
      </svg>
      <p class="topo-said" aria-live="polite">
        {journey === undefined ? '' : wayText(journey, selection.value.hop)}
      </p>
    </>
  );
}

const nothing: ReadonlySet<string> = new Set();
/** Each box has said its name already. */
const unsaid = { 'aria-hidden': true } as const;

/** A box, a port, a mark on the way. */
function act(target: EventTarget | null): void {
  if (!(target instanceof Element)) return;
  const hop = target.closest<SVGElement>('[data-hop]')?.dataset.hop;
  const journey = selection.peek().journey;
  if (hop !== undefined && journey !== undefined) {
    selectJourney(journey, Number(hop));
    return;
  }
  const box = target.closest<SVGElement>('[data-place]');
  const place = box?.dataset.place;
  if (place === undefined) return;
  if (box?.dataset.fold === undefined) state.ask(place);
  else state.toggle(place);
}

const forward: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** With a packet selected the arrows walk along its way; without, from box to box. */
function onKey(event: KeyboardEvent): void {
  const { key, currentTarget, target } = event;
  const by = forward[key];
  if (by !== undefined) {
    if (selection.peek().journey !== undefined) stepHop(by);
    else focusNext(currentTarget as Element, target as Element, by);
  } else if (key === 'Enter' || key === ' ') act(target);
  else if (key === 'Escape' && state.asked.peek() !== undefined) state.asked.value = undefined;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function focusNext(picture: Element, from: Element, by: number): void {
  const boxes = [...picture.querySelectorAll<SVGElement>('.topo-active')];
  const next = boxes[boxes.indexOf(from as SVGElement) + by];
  next?.focus();
}
