/** The keys of the page. What has the focus hears them first, and keeps what it uses. */
import { FILTER_ID } from '../lists/filter-box.tsx';
import { openDialog } from './dialog.tsx';
import { clearSelection, paused, range, selection, stepHop, type Theme, theme, view } from './state.ts';

interface Key {
  readonly keys: string;
  readonly does: string;
}

/** As the help shows them. */
export const keyHelp: readonly Key[] = [
  { keys: '← →', does: 'hop by hop along the selected packet' },
  { keys: 'Esc', does: 'back to all packets' },
  { keys: 'Space', does: 'pause, and go on' },
  { keys: '/', does: 'to the filter' },
  { keys: '1 2 3', does: 'live, conversation, overlay' },
  { keys: '0', does: 'all of the time again' },
  { keys: 'D', does: 'light, dark, as the system has it' },
  { keys: '?', does: 'these keys' },
  { keys: '↑ ↓ in a list', does: 'from row to row' },
];

const themes: readonly Theme[] = ['system', 'light', 'dark'];

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.peek()) + 1) % themes.length]!;
}

const acts: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => stepHop(-1),
  ArrowRight: () => stepHop(1),
  Escape: clearSelection,
  ' ': () => {
    paused.value = !paused.peek();
  },
  '/': () => document.getElementById(FILTER_ID)?.focus(),
  '1': () => {
    view.value = 'live';
  },
  '2': () => {
    view.value = 'flow';
  },
  '3': () => {
    view.value = 'overlay';
  },
  '0': () => {
    range.value = undefined;
  },
  d: nextTheme,
  '?': () => {
    openDialog.value = 'keys';
  },
};

export function listenForKeys(): void {
  window.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (openDialog.peek() !== undefined || isTyped(event)) return;
    const act = acts[event.key];
    if (act === undefined) return;
    if (event.key.startsWith('Arrow') && selection.peek().journey === undefined) return;
    event.preventDefault();
    act();
  });
}

/** It is for what has the focus. */
function isTyped({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, select, textarea')) {
    if (key === 'Escape') target.blur();
    return true;
  }
  return key === ' ' && target.matches('button, summary, a');
}
