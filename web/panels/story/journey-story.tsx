import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import { offsets } from '../../../src/words/times.ts';
import { selection, selectJourney, stepHop, topology } from '../../app/state.ts';
import { type Chapter, chaptersOf, type Entry } from './chapters.ts';
import { HopRow, whereText } from './hop-row.tsx';
import { JourneyHead } from './journey-head.tsx';
import { colourByCookie } from './kinds.ts';
import { NextSteps } from './next-steps.tsx';

interface Reading {
  readonly offset: (ns: number) => string;
  readonly hop: number | undefined;
  readonly isWhole: boolean;
  readonly unfolded: ReadonlySet<number>;
  readonly onSelect: (hop: number) => void;
  readonly onUnfold: (key: number) => void;
}

/** Every hop in words, by place. The selected one is open; all are where somebody asks for it. */
export function JourneyStory({ journey }: { journey: JourneyVersion }) {
  const isWhole = useSignal(false);
  const unfolded = useSignal<ReadonlySet<number>>(new Set());
  const kinds = useComputed(() => colourByCookie(topology.value));
  const { hop } = selection.value;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => keepInView(list.current, hop), [journey.id, hop, isWhole.value]);
  const reading: Reading = {
    offset: offsets(journey.durationNs),
    hop,
    isWhole: isWhole.value,
    unfolded: unfolded.value,
    onSelect: index => selectJourney(journey.id, index),
    onUnfold: key => {
      unfolded.value = new Set([...unfolded.value, key]);
    },
  };
  return (
    <article class="story" aria-label={`story of packet ${journey.id}`}>
      <JourneyHead journey={journey} />
      <div class="story-tools">
        <span>
          #{journey.id} ·{' '}
          {hop === undefined ? `${journey.hops.length} hops` : `hop ${hop + 1} of ${journey.hops.length}`}
          <kbd title="arrow keys walk hop by hop">↑↓</kbd>
        </span>
        <label>
          <input
            type="checkbox"
            checked={isWhole.value}
            onChange={event => (isWhole.value = event.currentTarget.checked)}
          />{' '}
          all details
        </label>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its rows are the buttons; here is heard what bubbles up */}
      <div class="story-chapters" ref={list} onKeyDown={onKey}>
        {chaptersOf(journey, cookie => kinds.value.get(cookie)).map(chapter => (
          <ChapterPart key={chapter.key} chapter={chapter} reading={reading} />
        ))}
      </div>
      <NextSteps journey={journey} />
    </article>
  );
}

function ChapterPart({ chapter, reading }: { chapter: Chapter; reading: Reading }) {
  const { label, netns, colour, entries } = chapter;
  return (
    <section class="story-chapter" style={`--kind: var(--place-${colour})`} aria-label={label}>
      <h3>
        {label}
        {netns === undefined ? undefined : <small class="story-chapter-netns"> {netns}</small>}
      </h3>
      <ol>
        {entries.map(entry => (
          <EntryPart key={keyOf(entry)} entry={entry} reading={reading} />
        ))}
      </ol>
    </section>
  );
}

function keyOf(entry: Entry): string {
  if (entry.kind === 'gap') return `gap ${entry.gap.after} ${entry.gap.reason}`;
  return entry.kind === 'hop' ? `hop ${entry.hop.index}` : `repeats ${entry.key}`;
}

function EntryPart({ entry, reading }: { entry: Entry; reading: Reading }) {
  const { offset, hop, isWhole, onSelect, onUnfold, unfolded } = reading;
  if (entry.kind === 'gap')
    return (
      <li class="story-gap">
        {entry.gap.kind}: {entry.gap.reason}
        {entry.gap.count === undefined ? '' : ` (${entry.gap.count})`}
      </li>
    );
  const steps = entry.kind === 'hop' ? [entry] : entry.steps;
  const isSelected = steps.some(step => step.hop.index === hop);
  if (entry.kind === 'repeats' && !isSelected && !isWhole && !unfolded.has(entry.key))
    return (
      <li class="story-repeats">
        <button type="button" class="story-fold" onClick={() => onUnfold(entry.key)}>
          ⋯ {steps.length} hops: {steps.map(({ hop: each }) => whereText(each)).join(', ')}
        </button>
      </li>
    );
  return (
    <>
      {steps.map(step => {
        const { index } = step.hop;
        return (
          <HopRow
            key={index}
            step={step}
            offset={offset}
            isSelected={index === hop}
            isOpen={isWhole || index === hop}
            onSelect={onSelect}
          />
        );
      })}
    </>
  );
}

/** The selected row, and the focus where it is in the story already. */
function keepInView(list: HTMLElement | null, hop: number | undefined): void {
  const row = list?.querySelector<HTMLElement>(`[data-hop="${hop}"]`);
  if (row === null || row === undefined) return;
  scrollTo(row);
  if (list!.contains(document.activeElement)) row.querySelector('button')?.focus({ preventScroll: true });
}

/** Stuck above the rows: the tools, and the name of the place. */
const STUCK_PX = 64;

/** Within the panel alone: `scrollIntoView()` would move the page around it, too. */
function scrollTo(row: HTMLElement): void {
  const panel = row.closest('.panel');
  if (panel === null) return;
  const { top, bottom } = row.getBoundingClientRect();
  const room = panel.getBoundingClientRect();
  if (top < room.top + STUCK_PX) panel.scrollTop -= room.top + STUCK_PX - top;
  else if (bottom > room.bottom) panel.scrollTop += Math.min(bottom - room.bottom, top - room.top - STUCK_PX);
}

const forward: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowRight: 1,
  ArrowUp: -1,
  ArrowLeft: -1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function onKey(event: KeyboardEvent): void {
  const by = forward[event.key];
  if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  stepHop(by);
  event.preventDefault();
  event.stopPropagation();
}
