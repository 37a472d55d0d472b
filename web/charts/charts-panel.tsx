import { computed } from '@preact/signals';
import type { OutcomeKind } from '../../src/model/journey.ts';
import { duration } from '../../src/words/times.ts';
import { palette } from '../app/palette.ts';
import { journeys, range, sinceStartNs } from '../app/state.ts';
import { throttled } from '../app/throttled.ts';
import { dropsByReason, type Rates, ratesByOutcome, type Segment, segmentsOf } from './figures.ts';
import { Plot, type PlotLine } from './plot.tsx';

const CHART_MS = 500;
const SEGMENTS = 12;
const NS = 1e9;
const slow = throttled(journeys, CHART_MS);

const packets = computed(() =>
  [...slow.value.values()].map(journey => ({ journey, atNs: sinceStartNs(journey) })),
);
const inRange = computed(() => {
  const part = range.value;
  if (part === undefined) return packets.value;
  return packets.value.filter(({ atNs }) => atNs >= part.fromNs && atNs <= part.toNs);
});
const rates = computed(() => ratesByOutcome(packets.value));
const drops = computed(() => dropsByReason(packets.value));
const segments = computed(() => segmentsOf(inRange.value, SEGMENTS));

/** How much, where time goes, what is dropped. Brushing a chart chooses what the diagram shows. */
export function ChartsPanel() {
  const { outcome } = palette.value;
  return (
    <section class="charts" aria-label="Charts">
      <Chart title="Packets a second" rates={rates.value} colourOf={name => outcome[name as OutcomeKind]} />
      <Segments all={segments.value} />
      <Chart title="Drops a second, by reason" rates={drops.value} none="Nothing was dropped." />
    </section>
  );
}

const dashes = [undefined, [6, 3], [2, 2], [8, 3, 2, 3], [1, 3], [10, 4]] as const;

interface ChartProps {
  readonly title: string;
  readonly rates: Rates;
  readonly colourOf?: (name: string) => string;
  readonly none?: string;
}

function Chart({ title, rates: { seconds, series }, colourOf, none = 'No packet yet.' }: ChartProps) {
  const { outcome, change, place } = palette.value;
  const hues = [outcome.dropped, change.snat, place.tunnel, place.host, place.pod, place.outside];
  const lines = series.map(({ name, values }, index): PlotLine => {
    const dash = dashes[index % dashes.length];
    const colour = colourOf?.(name) ?? hues[index % hues.length]!;
    return { name, values, colour, ...(dash === undefined ? {} : { dash }) };
  });
  const total = (values: readonly number[]): string =>
    values.length === 0 ? '0' : (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        {lines.map(({ name, colour, dash, values }) => (
          <span key={name} class="chart-key" title={`${total(values)} a second on average`}>
            <svg viewBox="0 0 18 4" aria-hidden="true">
              <line
                x1="0"
                y1="2"
                x2="18"
                y2="2"
                stroke={colour}
                stroke-width="2"
                stroke-dasharray={dash?.join(' ')}
              />
            </svg>
            {name}
          </span>
        ))}
      </figcaption>
      {lines.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <Plot
          label={`${title}: ${lines.map(({ name, values }) => `${name} ${total(values)}`).join(', ')} on average`}
          seconds={seconds}
          lines={lines}
          onBrush={part => {
            range.value = part === undefined ? undefined : { fromNs: part.from * NS, toNs: part.to * NS };
          }}
        />
      )}
    </figure>
  );
}

/** One line a segment: half of the packets take no longer than the bar, 99 % no longer than the mark. */
function Segments({ all }: { readonly all: readonly Segment[] }) {
  const longest = all.reduce((max, { p99Ns }) => Math.max(max, p99Ns), 1);
  return (
    <figure class="chart chart-segments">
      <figcaption>
        <span class="chart-title">Time between places, slowest first</span>
      </figcaption>
      {all.length === 0 ? (
        <p class="muted">No packet was seen whole yet.</p>
      ) : (
        <table class="segments">
          <thead>
            <tr>
              <th scope="col">from → to</th>
              <th scope="col" class="number">
                p50
              </th>
              <th scope="col" class="number">
                p99
              </th>
              <th scope="col" class="number">
                packets
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map(({ from, to, count, p50Ns, p99Ns }) => (
              <tr key={`${from} ${to}`}>
                <th scope="row">
                  {from} <span class="arrow">→</span> {to}
                  <svg class="segment-bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
                    <rect width={(100 * p99Ns) / longest} height="3" class="segment-p99" />
                    <rect width={(100 * p50Ns) / longest} height="3" class="segment-p50" />
                  </svg>
                </th>
                <td class="number">{duration(p50Ns)}</td>
                <td class="number">{duration(p99Ns)}</td>
                <td class="number">{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}
