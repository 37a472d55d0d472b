/** The picture as SVG: what is around first, then lines, the way of the selected journey, and names on top of all. */
import type { AnyJourney } from '../../src/model/journey.ts';
import { changeShapes, outcomeShapes, SHAPE_BOX } from '../app/shapes.ts';
import { type Point, shortened } from './geometry.ts';
import type { Mark } from './marks.ts';
import type { Box, Layout, Line, Port } from './picture.ts';
import { boxText, colourOf, portText } from './place-words.ts';
import type { Route } from './route.ts';

const pathOf = (points: readonly Point[]): string =>
  points.map(({ xPx, yPx }, i) => `${i === 0 ? 'M' : 'L'}${xPx.toFixed(1)} ${yPx.toFixed(1)}`).join('');

export interface Shown {
  readonly isBusy: (id: string) => boolean;
  readonly wanted: string | undefined;
  readonly asked: string | undefined;
  readonly passed: ReadonlySet<string>;
  readonly nameOf: (id: string) => string | undefined;
}

const classes = (...names: readonly (string | false | undefined)[]): string =>
  names.filter(Boolean).join(' ');

function stateClasses(id: string, { isBusy, wanted, asked, passed }: Shown): string {
  return classes(
    isBusy(id) && 'is-busy',
    passed.has(id) && 'is-passed',
    asked === id && 'is-asked',
    wanted === id && 'is-wanted',
  );
}

/** What somebody may ask about, or unfold. */
export const isActive = ({ place, kind }: Box): boolean => place !== undefined || kind === 'more';

export function BoxShape({ box, shown, isEntry }: { box: Box; shown: Shown; isEntry: boolean }) {
  const { xPx, yPx, widthPx, heightPx, kind, id, headPx } = box;
  const text = boxText(box, shown.nameOf);
  const active = isActive(box)
    ? ({
        role: 'button',
        tabIndex: isEntry ? 0 : -1,
        'aria-label': text,
        'data-place': box.opened ?? id,
      } as const)
    : {};
  return (
    <g
      class={classes('topo-box', `topo-${kind}`, isActive(box) && 'topo-active', stateClasses(id, shown))}
      style={`--kind: var(--place-${colourOf(kind)})`}
      data-fold={kind === 'more' ? '' : undefined}
      {...active}
    >
      <title>{text}</title>
      <rect x={xPx} y={yPx} width={widthPx} height={heightPx} rx={headPx === undefined ? 3 : 5} />
      {kind === 'more' ? <BoxLabel box={box} /> : undefined}
    </g>
  );
}

/** Above the way, so that it stays readable. */
export function BoxLabel({ box }: { box: Box }) {
  const { xPx, yPx, widthPx, heightPx, headPx, kind, label, note } = box;
  const isCentred = headPx === undefined || kind === 'bridge' || kind === 'stack';
  const isWide = widthPx > 160 && isCentred && kind !== 'service';
  const x = isWide ? xPx + 8 : isCentred ? xPx + widthPx / 2 : xPx + 8;
  const y =
    headPx === undefined
      ? yPx + heightPx / 2
      : yPx + headPx / 2 + (kind === 'stack' || kind === 'bridge' ? 1 : 0.5);
  return (
    <text
      class={`topo-label topo-label-${kind}`}
      style={`--kind: var(--place-${colourOf(kind)})`}
      x={x}
      y={y}
      text-anchor={isCentred && !isWide ? 'middle' : 'start'}
    >
      {shortened(label, widthPx - 4)}
      {note === undefined ? undefined : <tspan class="topo-note"> {note}</tspan>}
    </text>
  );
}

export function LineShape({ line, shown }: { line: Line; shown: Shown }) {
  const isBusy = shown.isBusy(line.a) && shown.isBusy(line.b);
  return (
    <path
      class={classes('topo-line', `topo-line-${line.kind}`, isBusy && 'is-busy')}
      d={pathOf(line.points)}
    />
  );
}

export function PortShape({ port, owner }: { port: Port; owner: string | undefined }) {
  return (
    <rect class="topo-port" x={port.xPx - 2.5} y={port.yPx - 2.5} width={5} height={5} data-place={port.id}>
      <title>{portText(port, owner)}</title>
    </rect>
  );
}

export function Way({ route }: { route: Route }) {
  const start = route.pieces[0]?.[0];
  return (
    <g class="topo-way">
      {route.jumps.map(([from, to], i) => (
        <path key={i} class="topo-jump" d={pathOf([from, to])} />
      ))}
      {route.pieces.map((piece, i) => (
        <path key={i} class="topo-piece-ground" d={pathOf(piece)} />
      ))}
      {route.pieces.map((piece, i) => (
        <path key={i} class="topo-piece" d={pathOf(piece)} />
      ))}
      {start === undefined ? undefined : <circle class="topo-start" cx={start.xPx} cy={start.yPx} r={4} />}
    </g>
  );
}

const MARK = 11;

export function MarkShape({ mark }: { mark: Mark }) {
  const scale = MARK / SHAPE_BOX;
  const [colour, shape] =
    mark.kind === 'change'
      ? [`--change-${mark.change}`, changeShapes[mark.change]]
      : [`--outcome-${mark.outcome}`, outcomeShapes[mark.outcome]];
  return (
    <g
      class="topo-mark"
      data-hop={mark.hop}
      transform={`translate(${mark.xPx - MARK / 2} ${mark.yPx - MARK / 2}) scale(${scale})`}
      style={`--mark: var(${colour})`}
    >
      <title>{mark.text}</title>
      <path class="topo-mark-ground" d={shape} />
      <path d={shape} fill-rule="evenodd" />
    </g>
  );
}

export function HopHalo({ at }: { at: Point }) {
  return (
    <g class="topo-hop" transform={`translate(${at.xPx} ${at.yPx})`}>
      <circle r={9} />
      <circle class="topo-hop-dot" r={3.5} />
    </g>
  );
}

/** Which ports are whose. */
export function ownersOf({ boxes }: Layout): (id: string) => string | undefined {
  const names = new Map(
    boxes.flatMap(({ place }) => (place === undefined ? [] : [[place.id, place.name] as const])),
  );
  return id => names.get(id);
}

export function wayText({ hops }: Pick<AnyJourney, 'hops'>, hop: number | undefined): string {
  const at = hop === undefined ? undefined : hops[hop];
  return at === undefined ? '' : `hop ${at.index + 1} of ${hops.length}: ${at.text}`;
}
