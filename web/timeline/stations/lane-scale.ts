/**
 * From lane space to px: where each band stands and how tall it is. A folded band shows its stations so close together that they are
 * one slope; an open one gives each its own rail. Left-over height goes to the bands and what is between them, in proportion.
 */
import type { Lanes } from './lanes.ts';

export interface BandBox {
  readonly topPx: number;
  readonly bottomPx: number;
  readonly open: boolean;
}

const FOLDED_PX = 36;
const BETWEEN_PX = 22;
/** The name of an open band stands above its rails. */
const HEAD_PX = 24;
const RAIL_PX = 22;
const INSET_PX = 7;
const EDGE_PX = 14;
/** No stretching beyond this: a place with much room around it looks lost. */
const STRETCH_MAX = 2.2;
/** With too little room all give way this far (a line of text still fits), then what is between, before there is something to scroll. */
const SQUEEZE_MAX = 0.52;
const BETWEEN_SQUEEZE_MAX = 0.2;

/** What the bands and what is between them are multiplied by. */
function factorsOf(bandsPx: number, betweenPx: number, roomPx: number): readonly [number, number] {
  const all = Math.min(STRETCH_MAX, roomPx / Math.max(1, bandsPx + betweenPx));
  if (all >= SQUEEZE_MAX) return [all, all];
  const left = (roomPx - bandsPx * SQUEEZE_MAX) / Math.max(1, betweenPx);
  return [SQUEEZE_MAX, Math.max(BETWEEN_SQUEEZE_MAX, left)];
}

export class LaneScale {
  readonly boxes: readonly BandBox[];
  /** May be more than the height given: then there is something to scroll. */
  readonly heightPx: number;
  readonly #y: Float64Array;

  /** @param scrollPx how much of the top is out of sight */
  constructor(lanes: Lanes, open: ReadonlySet<string>, heightPx: number, scrollPx = 0) {
    const { bands } = lanes;
    const natural = bands.map(band =>
      open.has(band.key) ? HEAD_PX + band.stations.length * RAIL_PX : FOLDED_PX,
    );
    const bandsPx = natural.reduce((sum, size) => sum + size, 0);
    const betweenPx = Math.max(0, bands.length - 1) * BETWEEN_PX;
    const room = heightPx - 2 * EDGE_PX;
    const [stretch, between] = factorsOf(bandsPx, betweenPx, room);
    const takenPx = bandsPx * stretch + betweenPx * between;
    this.heightPx = Math.max(heightPx, takenPx + 2 * EDGE_PX);
    let topPx = EDGE_PX - scrollPx + Math.max(0, room - takenPx) / 2;
    this.#y = new Float64Array(lanes.count);
    this.boxes = bands.map((band, i) => {
      const isOpen = open.has(band.key);
      const bottomPx = topPx + natural[i]! * stretch;
      const from = topPx + (isOpen ? HEAD_PX * Math.min(1, stretch + 0.1) : INSET_PX * stretch);
      const step = (bottomPx - INSET_PX * stretch - from) / Math.max(1, band.stations.length - 1);
      for (let s = 0; s < band.stations.length; s++)
        this.#y[band.first + s] =
          band.stations.length === 1 ? (from + bottomPx - INSET_PX * stretch) / 2 : from + s * step;
      const box = { topPx, bottomPx, open: isOpen };
      topPx = bottomPx + BETWEEN_PX * between;
      return box;
    });
  }

  y(lane: number): number {
    return this.#y[lane] ?? 0;
  }

  /** Index of the band there. */
  bandAt(yPx: number): number | undefined {
    const at = this.boxes.findIndex(({ topPx, bottomPx }) => yPx >= topPx && yPx <= bottomPx);
    return at < 0 ? undefined : at;
  }
}
