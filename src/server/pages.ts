/** Pages of journeys and flows as JSON, written piece by piece: who reads slowly holds up nobody, and a page is never whole in memory. */

import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Search } from '../store/search.ts';
import type { Sequenced } from '../store/seq-list.ts';

/** Looking at one costs some 50 ns. */
const LOOK_AT_ONCE = 20_000;
/** Of text, before others have their turn. */
const PIECE_CHARS = 65_536;

export async function finish<T extends Sequenced>(search: Search<T>): Promise<readonly T[]> {
  while (!search.step(LOOK_AT_ONCE)) await nextTurn();
  return search.found;
}

/** `{...head, [key]: [items]}` */
export function pageStream<T>(
  head: Readonly<Record<string, unknown>>,
  key: string,
  items: readonly T[],
  write: (item: T) => string,
): Readable {
  return Readable.from(pieces(head, key, items, write), { objectMode: false, highWaterMark: PIECE_CHARS });
}

async function* pieces<T>(
  head: Readonly<Record<string, unknown>>,
  key: string,
  items: readonly T[],
  write: (item: T) => string,
): AsyncGenerator<string> {
  let piece = `${JSON.stringify(head).slice(0, -1)},${JSON.stringify(key)}:[`;
  for (const [index, item] of items.entries()) {
    piece += index === 0 ? write(item) : `,${write(item)}`;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
    await nextTurn();
  }
  yield `${piece}]}`;
}
