import pc from 'picocolors';
import stringWidth from 'string-width';

export type ColorMode = 'auto' | 'always' | 'never';
type Paint = (text: string) => string;

export interface Style {
  readonly dim: Paint;
  readonly bold: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly rewrite: Paint;
  /** One of a few colours, the same for the same place. */
  readonly place: (label: string, text: string) => string;
}

/** NO_COLOR (any value but "") and a pipe mean none; `--color` decides over both. */
export function styleFor(mode: ColorMode, isTty: boolean): Style {
  const noColor = (process.env.NO_COLOR ?? '') !== '';
  const on = mode === 'always' || (mode === 'auto' && isTty && !noColor && process.env.TERM !== 'dumb');
  const c = pc.createColors(on);
  const places: readonly Paint[] = [
    c.cyan,
    c.magenta,
    c.blue,
    c.green,
    c.yellow,
    c.cyanBright,
    c.magentaBright,
  ];
  const given = new Map<string, Paint>();
  return {
    dim: c.dim,
    bold: c.bold,
    good: c.green,
    bad: c.red,
    warn: c.yellow,
    rewrite: c.yellow,
    place: (label, text) => {
      let paint = given.get(label);
      if (paint === undefined) {
        paint = places[given.size % places.length]!;
        given.set(label, paint);
      }
      return paint(text);
    },
  };
}

/** `text` in exactly `width` columns: padded, or cut with an ellipsis. */
export function column(text: string, width: number): string {
  const has = widthOf(text);
  if (has <= width) return text + ' '.repeat(width - has);
  const letters = [...text];
  while (stringWidth(letters.join('')) > width - 1) letters.pop();
  const cut = `${letters.join('')}…`;
  return cut + ' '.repeat(width - stringWidth(cut));
}

/**
 * `text` as it is where it fits into `width` columns, else its words in lines of that width, all but the first indented by `hang`; a
 * word that is longer stands alone.
 */
export function wrap(text: string, width: number, hang = 0): string[] {
  const whole = text.trim();
  if (whole === '') return [];
  if (widthOf(whole) <= width) return [whole];
  const indent = ' '.repeat(hang);
  const lines: string[] = [];
  let line = '';
  for (const word of whole.split(/\s+/)) {
    const start = lines.length === 0 ? '' : indent;
    const longer = line === '' ? start + word : `${line} ${word}`;
    if (widthOf(longer) <= width || line === '') line = longer;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line];
}

/** Columns that it takes on a terminal, colours not counted. */
export function widthOf(text: string): number {
  return stringWidth(text);
}
