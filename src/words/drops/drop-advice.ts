/** Words for a drop: what the reason means at that function, its likeliest causes, and what to look at. */
import { dropPlaces } from './drop-places.ts';
import { dropReasons } from './drop-reasons.ts';
import type { DropWords } from './drop-words.ts';

/** Undefined: a reason that this tracer has no words for. */
export function dropWords(reason: string, location: string): DropWords | undefined {
  const place = `${reason} ${location}`;
  if (Object.hasOwn(dropPlaces, place)) return dropPlaces[place];
  return Object.hasOwn(dropReasons, reason) ? dropReasons[reason] : undefined;
}

/** What happened, as the end of a sentence. `isAnswered`: the kernel was seen to tell the sender. */
export function dropAdvice(reason: string, location: string, isAnswered = false): string {
  const words = dropWords(reason, location);
  if (words === undefined) return unknownWords(reason);
  return (isAnswered ? words.answered : undefined) ?? words.means;
}

/** Reasons of other parts of the kernel have numbers from 65536 on, and names that its type information does not tell. */
const SUBSYSTEM_FROM = 0x1_0000;

function unknownWords(reason: string): string {
  return /^\d+$/.test(reason) && Number(reason) >= SUBSYSTEM_FROM
    ? 'a reason of its own of a part of the kernel (Wi-Fi, Open vSwitch), which does not tell its name'
    : 'this tracer has no words for it: a reason of a kernel newer than it';
}
