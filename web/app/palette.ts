/** The colours of style/tokens.css as a canvas needs them: resolved for the theme that is on now. */
import { signal } from '@preact/signals';
import type { OutcomeKind } from '../../src/model/journey.ts';
import type { ChangeKind } from './shapes.ts';

export type PlaceColour = 'pod' | 'node' | 'host' | 'tunnel' | 'outside' | 'service';

export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly sunken: string;
  readonly raised: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly textMuted: string;
  readonly textFaint: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly warn: string;
  readonly place: Readonly<Record<PlaceColour, string>>;
  readonly outcome: Readonly<Record<OutcomeKind, string>>;
  readonly change: Readonly<Record<ChangeKind, string>>;
  readonly font: string;
  readonly fontMono: string;
}

/** `read` gives the value of a custom property, a colour resolved. */
export function paletteOf(read: (name: string) => string): Palette {
  const of = <Key extends string>(group: string, keys: readonly Key[]): Record<Key, string> =>
    Object.fromEntries(keys.map(key => [key, read(`--${group}-${key}`)])) as Record<Key, string>;
  return {
    ground: read('--ground'),
    surface: read('--surface'),
    sunken: read('--sunken'),
    raised: read('--raised'),
    line: read('--line'),
    lineStrong: read('--line-strong'),
    text: read('--text'),
    textMuted: read('--text-muted'),
    textFaint: read('--text-faint'),
    accent: read('--accent'),
    accentSoft: read('--accent-soft'),
    warn: read('--warn'),
    place: of('place', ['pod', 'node', 'host', 'tunnel', 'outside', 'service']),
    outcome: of('outcome', ['delivered', 'transmitted', 'consumed', 'continued', 'dropped', 'open', 'lost']),
    change: of('change', ['dnat', 'snat', 'encap', 'other']),
    font: read('--font'),
    fontMono: read('--font-mono'),
  };
}

/** Read from it in a draw or an effect: it changes with the theme. */
export const palette = signal<Palette>(
  paletteOf(name => (name.startsWith('--font') ? 'sans-serif' : '#888')),
);

/** To be called when the page starts and when the theme changes. `light-dark()` is only resolved where it is used as a colour. */
export function readPalette(): void {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  palette.value = paletteOf(name => {
    if (name.startsWith('--font')) return style.getPropertyValue(name);
    probe.style.color = `var(${name})`;
    return style.color;
  });
  probe.remove();
}
