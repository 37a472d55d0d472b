/**
 * The shape beside each colour, so that none is told by its colour alone: outlines in a box of 12 × 12, the same for SVG (`<path d>`) and
 * canvas (`new Path2D`).
 */
import type { OutcomeKind } from '../../src/model/journey.ts';

export const SHAPE_BOX = 12;

export const outcomeShapes: Readonly<Record<OutcomeKind, string>> = {
  // disc
  delivered: 'M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9z',
  // arrow that leaves
  transmitted: 'M1 4.7h5.2V2L11 6l-4.8 4V7.3H1z',
  // square
  consumed: 'M2 2h8v8H2z',
  // two chevrons
  continued: 'M1.5 1.5h2.2L7.5 6l-3.8 4.5H1.5L5.2 6zM6 1.5h2.2L12 6l-3.8 4.5H6L9.7 6z',
  // cross
  dropped: 'M1.5 3L3 1.5l3 3l3-3L10.5 3l-3 3l3 3L9 10.5l-3-3l-3 3L1.5 9l3-3z',
  // ring
  open: 'M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10zm0 2a3 3 0 1 0 0 6a3 3 0 1 0 0-6z',
  // dashes
  lost: 'M0.5 5h3v2h-3zM4.5 5h3v2h-3zM8.5 5h3v2h-3z',
};

export type ChangeKind = 'dnat' | 'snat' | 'encap' | 'other';

export const changeShapes: Readonly<Record<ChangeKind, string>> = {
  // triangle that points to where the packet goes
  dnat: 'M2 1.5L10.5 6L2 10.5z',
  // triangle that points to where it came from
  snat: 'M10 1.5L1.5 6L10 10.5z',
  // box in a box
  encap: 'M1 1h10v10H1zM2.5 2.500v7h7v-7zM4.5 4.500h3v3h-3z',
  // diamond
  other: 'M6 1L11 6L6 11L1 6z',
};
