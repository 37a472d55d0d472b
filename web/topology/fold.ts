/** Which of many like things are shown: those with traffic, and as many others as there is room for. The rest is one box with a count. */

export interface Folded<T> {
  readonly shown: readonly T[];
  readonly hidden: readonly T[];
}

export interface FoldOptions<T> {
  /** At first sight; what is busy is shown beyond that. */
  readonly max: number;
  readonly isBusy: (item: T) => boolean;
  readonly isOpen: boolean;
}

/** In the order in which they came. One box that says "1 more" would take the room of that one. */
export function fold<T>(items: readonly T[], { max, isBusy, isOpen }: FoldOptions<T>): Folded<T> {
  if (isOpen || items.length <= max + 1) return { shown: items, hidden: [] };
  const busy = items.filter(isBusy).length;
  let room = Math.max(0, max - busy);
  const shown: T[] = [];
  const hidden: T[] = [];
  for (const item of items) {
    if (isBusy(item)) shown.push(item);
    else if (room > 0) {
      room--;
      shown.push(item);
    } else hidden.push(item);
  }
  if (hidden.length === 1) return { shown: items, hidden: [] };
  return { shown, hidden };
}
