import type { FlowVersion } from '../../src/model/flow.ts';
import type { Endpoint, JourneyVersion } from '../../src/model/journey.ts';
import { bytes } from '../../src/words/counts.ts';
import { endpointText } from '../../src/words/endpoints.ts';
import { isGood, stateText } from '../../src/words/flow-text.ts';
import { duration } from '../../src/words/times.ts';
import { OutcomeMark } from '../app/mark.tsx';

export const FLOW_ROW_PX = 62;
export const JOURNEY_ROW_PX = 46;

const sumOf = ({ request, reply, related }: FlowVersion['packets']): number => request + reply + related;

/** Names first; the address stands in the title. */
function Ends({ from, to }: { readonly from: Endpoint; readonly to: Endpoint }) {
  const isNamed = to.name !== undefined;
  return (
    <span class="row-ends" title={`${from.ip} → ${to.ip}`}>
      {endpointText(from, { port: false })}
      <span class="arrow"> → </span>
      {endpointText(to, { port: !isNamed })}
      {isNamed && to.port !== undefined && <span class="faint">:{to.port}</span>}
    </span>
  );
}

export function FlowRow({ flow }: { readonly flow: FlowVersion }) {
  const { from, to, proto, packets, bytes: sizes, latencyNs, retransmits, dropped, lost, id } = flow;
  return (
    <>
      <span class="row-line">
        <Ends from={from} to={to} />
        <span class={`state ${isGood(flow) ? `state-${flow.state}` : 'state-bad'}`}>{stateText(flow)}</span>
      </span>
      <span class="row-line row-detail">
        <span class="row-figures">
          #{id} {proto} · {packets.request} out, {packets.reply} back · {bytes(sumOf(sizes))}
        </span>
      </span>
      <span class="row-line row-detail">
        <span class="row-times" title="time of a packet on its way: half of them are faster, 99 % are faster">
          {latencyNs === undefined
            ? 'no packet seen whole yet'
            : `p50 ${duration(latencyNs.p50)} · p99 ${duration(latencyNs.p99)}`}
        </span>
        <span class="row-figures">
          {dropped > 0 && <b class="bad">{dropped} dropped </b>}
          {retransmits > 0 && <b class="warn">{retransmits} sent again </b>}
          {lost > 0 && <b class="warn">{lost} not seen whole</b>}
        </span>
      </span>
    </>
  );
}

export function JourneyRow({ journey }: { readonly journey: JourneyVersion }) {
  const { id, from, to, summary, proto, outcome, durationNs, hops, complete, closedBy } = journey;
  const isOpen = closedBy === undefined;
  return (
    <>
      <span class="row-line">
        <Ends from={from} to={to} />
        <span class={`state outcome-${outcome.kind}`}>
          <OutcomeMark kind={outcome.kind} />
          {isOpen ? 'on its way' : outcome.kind}
        </span>
      </span>
      <span class="row-line row-detail">
        <span class="row-figures">
          #{id} {proto} {summary}
          {outcome.kind === 'dropped' && <b class="bad"> · {outcome.reason}</b>}
          {!complete && !isOpen && <b class="warn"> · not seen whole</b>}
        </span>
        <span class="row-times">
          {hops.length} hops · {duration(durationNs)}
        </span>
      </span>
    </>
  );
}
