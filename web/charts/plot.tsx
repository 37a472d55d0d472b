/** The only file that knows uPlot: a chart over session time, of which a part can be brushed. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { palette } from '../app/palette.ts';

export interface PlotLine {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
  /** Beside the colour. */
  readonly dash?: readonly number[];
}

export interface PlotProps {
  readonly label: string;
  readonly seconds: readonly number[];
  readonly lines: readonly PlotLine[];
  /** Seconds; undefined: the brush was taken away. */
  readonly onBrush: (part: { readonly from: number; readonly to: number } | undefined) => void;
}

const MIN_BRUSH_PX = 4;

export function Plot({ label, seconds, lines, onBrush }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const brush = useRef(onBrush);
  brush.current = onBrush;
  const colours = palette.value;
  const names = lines.map(({ name }) => name).join('\n');
  // Another set of lines, or theme, is another chart; other values are not.
  useLayoutEffect(() => {
    const element = box.current!;
    const plot = new uPlot(
      optionsOf(element, lines, colours, part => brush.current(part)),
      dataOf(seconds, lines),
      element,
    );
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize(sizeOf(element)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [names, colours]);
  useLayoutEffect(() => {
    chart.current?.setData(dataOf(seconds, lines));
  }, [seconds, lines]);
  return <div ref={box} class="plot" role="img" aria-label={label} />;
}

const sizeOf = (element: HTMLElement) => ({
  width: Math.max(120, element.clientWidth),
  height: Math.max(80, element.clientHeight),
});

function dataOf(seconds: readonly number[], lines: readonly PlotLine[]): uPlot.AlignedData {
  return [[...seconds], ...lines.map(({ values }) => [...values])];
}

type Colours = typeof palette.value;

function optionsOf(
  element: HTMLElement,
  lines: readonly PlotLine[],
  { textMuted, line, font }: Colours,
  onBrush: PlotProps['onBrush'],
): uPlot.Options {
  const axis = {
    stroke: textMuted,
    font: `11px ${font}`,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  };
  return {
    ...sizeOf(element),
    legend: { show: false },
    padding: [6, 6, 0, 0],
    // The select is a brush: it zooms the diagram, not the chart.
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    series: [
      {},
      ...lines.map(({ name, colour, dash }) => ({
        label: name,
        stroke: colour,
        width: 1.5,
        points: { show: false },
        paths: uPlot.paths.stepped!({ align: 1 }),
        ...(dash === undefined ? {} : { dash: [...dash] }),
      })),
    ],
    axes: [
      { ...axis, size: 24, values: (_plot, ticks) => ticks.map(tick => `${tick} s`) },
      { ...axis, size: 44 },
    ],
    hooks: {
      setSelect: [
        plot => {
          const { left, width } = plot.select;
          if (width < MIN_BRUSH_PX) onBrush(undefined);
          else onBrush({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
        },
      ],
    },
  };
}
