import type { FlowVersion } from '../../../src/model/flow.ts';
import type { AnyJourney } from '../../../src/model/journey.ts';
import { bytes } from '../../../src/words/counts.ts';
import { countsText, faultText, flowWay, isGood, stateText } from '../../../src/words/flow-text.ts';
import { outcomeText } from '../../../src/words/outcome-text.ts';
import { duration } from '../../../src/words/times.ts';
import { outcomeShapes } from '../../app/shapes.ts';
import { journeys, selectJourney } from '../../app/state.ts';
import { Shape } from './shape.tsx';

const SHOWN = 200;

/** What came of a conversation, what to look at first, and its packets in order. */
export function FlowStory({ flow }: { flow: FlowVersion }) {
  const packets = [...journeys.value.values()].filter(journey => journey.flow === flow.id);
  const fault = faultText(flow);
  const good = isGood(flow);
  const { blame } = flow;
  const firstNs = packets[0] === undefined ? 0n : BigInt(packets[0].startNs);
  return (
    <article class="story" aria-label={`story of conversation ${flow.id}`}>
      <header class="story-head">
        <h2>{flowWay(flow)}</h2>
        <p class={good ? 'story-outcome' : 'story-outcome is-bad'}>
          <Shape
            path={good ? outcomeShapes.delivered : outcomeShapes.dropped}
            colour={good ? '--outcome-delivered' : '--outcome-dropped'}
          />
          <span>
            <b>{stateText(flow)}</b>
            {fault === undefined ? '' : `: ${fault}`}
          </span>
        </p>
        {blame === undefined ? undefined : (
          <button type="button" class="story-blame" onClick={() => selectJourney(blame.journey, blame.hop)}>
            Look at packet #{blame.journey}, hop {blame.hop + 1}
          </button>
        )}
        <p class="story-facts">
          {flow.proto} · {countsText(flow)} ·{' '}
          {bytes(flow.bytes.request + flow.bytes.reply + flow.bytes.related)}
        </p>
      </header>
      <ol class="story-packets" aria-label="its packets">
        {packets.slice(0, SHOWN).map(packet => (
          <li key={packet.id}>
            <PacketRow packet={packet} sinceNs={Number(BigInt(packet.startNs) - firstNs)} />
          </li>
        ))}
      </ol>
      {packets.length > SHOWN ? (
        <p class="hint">and {packets.length - SHOWN} more: the diagram shows them all</p>
      ) : undefined}
      {packets.length === 0 ? <p class="hint">None of its packets is kept any more.</p> : undefined}
    </article>
  );
}

const arrows: Readonly<Record<AnyJourney['direction'], string>> = {
  request: '→',
  reply: '←',
  related: '!',
  none: '·',
};

function PacketRow({ packet, sinceNs }: { packet: AnyJourney; sinceNs: number }) {
  const { id, direction, summary, outcome, durationNs } = packet;
  return (
    <button type="button" class="story-packet" onClick={() => selectJourney(id)}>
      <span class="story-offset">+{duration(sinceNs)}</span>
      <Shape path={outcomeShapes[outcome.kind]} colour={`--outcome-${outcome.kind}`} />
      <span class="story-packet-text">
        <span title={direction}>{arrows[direction]}</span> <b>{summary}</b>{' '}
        <small class="story-packet-end">{outcomeText(packet)}</small>
      </span>
      <span class="story-offset">{duration(durationNs)}</span>
    </button>
  );
}
