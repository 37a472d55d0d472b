/** What another packet is to this one, as the words before its number. */
import type { JourneyLink, LinkKind } from '../model/journey.ts';

/** It was there before. */
const parentWords: Readonly<Record<LinkKind, string>> = {
  retransmit: 'sent again after',
  answer: 'answers',
  error: 'about',
  clone: 'copy of',
  flood: 'copy of',
  segment: 'segment of',
  fragment: 'fragment of',
  reassembly: 'made of',
  merge: 'merged from',
};

/** It came of this one. */
const childWords: Readonly<Record<LinkKind, string>> = {
  retransmit: 'sent again as',
  answer: 'answered by',
  error: 'an ICMP error about it:',
  clone: 'copied as',
  flood: 'flooded as',
  segment: 'cut into',
  fragment: 'cut into',
  reassembly: 'put together as',
  merge: 'merged into',
};

export function linkText({ kind, role }: Pick<JourneyLink, 'kind' | 'role'>): string {
  return (role === 'parent' ? parentWords : childWords)[kind];
}
