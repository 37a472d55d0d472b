/** Which elements of two lists stand for each other: a longest common subsequence. The same whichever list is named first. */

export type Pair = readonly [a: number, b: number];

/** Keys may repeat. Quadratic: for lists of some dozens. */
export function align(a: readonly string[], b: readonly string[]): Pair[] {
  // Of several longest ones the choice depends on the order of the lists: it is made for one order, and mirrored for the other.
  if (isAfter(a, b)) return align(b, a).map(([x, y]) => [y, x]);
  const lengths = table(a, b);
  const pairs: Pair[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** `[i][j]`: length of the longest one of what follows from i in a and from j in b. */
function table(a: readonly string[], b: readonly string[]): number[][] {
  const rows: number[][] = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      rows[i]![j] = a[i] === b[j] ? 1 + rows[i + 1]![j + 1]! : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
  return rows;
}

function isAfter(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return a.length > b.length;
  const at = a.findIndex((key, i) => key !== b[i]);
  return at >= 0 && a[at]! > b[at]!;
}
