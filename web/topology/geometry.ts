/** Rectangles, and where a packet can be within one. All in px of the picture. */

export interface Point {
  readonly xPx: number;
  readonly yPx: number;
}

export interface Rect extends Point {
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * A port is passed at a point. A device that is drawn as a box has one side to its namespace and one to what it leads to; what is
 * between them is its name. Bridges and the stack of a namespace are bars along which a packet moves.
 */
export type Spot =
  | ({ readonly kind: 'point' } & Point)
  | { readonly kind: 'gate'; readonly inner: Point; readonly outer: Point }
  | { readonly kind: 'bar'; readonly axis: 'x' | 'y'; readonly rect: Rect };

export const middle = ({ xPx, yPx, widthPx, heightPx }: Rect): Point => ({
  xPx: xPx + widthPx / 2,
  yPx: yPx + heightPx / 2,
});

export const clamp = (value: number, from: number, to: number): number => Math.max(from, Math.min(value, to));

/** The point of a spot that is nearest to another; of a bar, on its middle line, `lanePx` beside it. */
export function nearest(spot: Spot, to: Point, lanePx = 0): Point {
  if (spot.kind === 'point') return spot;
  if (spot.kind === 'gate') return spot.inner;
  const { rect, axis } = spot;
  const centre = middle(rect);
  if (axis === 'y')
    return {
      xPx: clamp(centre.xPx + lanePx, rect.xPx + 2, rect.xPx + rect.widthPx - 2),
      yPx: clamp(to.yPx, rect.yPx + 4, rect.yPx + rect.heightPx - 4),
    };
  return {
    xPx: clamp(to.xPx, rect.xPx + 4, rect.xPx + rect.widthPx - 4),
    yPx: clamp(centre.yPx + lanePx, rect.yPx + 2, rect.yPx + rect.heightPx - 2),
  };
}

/** Some px a letter: what a label takes before it is drawn. Generous, so that it fits in most fonts. */
export const textWidthPx = (text: string, sizePx = 11): number => [...text].length * sizePx * 0.57;

/** As much as fits. The whole is in the title. */
export function shortened(text: string, widthPx: number, sizePx = 11): string {
  const letters = [...text];
  const max = Math.max(2, Math.floor(widthPx / (sizePx * 0.57)));
  return letters.length <= max ? text : `${letters.slice(0, max - 1).join('')}…`;
}
