import { selectedFlow, selectedJourney, selection } from '../app/state.ts';
import { FlowStory } from './story/flow-story.tsx';
import { JourneyStory } from './story/journey-story.tsx';
import './story/story.css';

/** What happened to the selected packet, or what came of the selected conversation. */
export function StoryPanel() {
  const journey = selectedJourney.value;
  const flow = selectedFlow.value;
  return (
    <section class="panel" aria-label="Story">
      {journey !== undefined ? (
        <JourneyStory key={journey.id} journey={journey} />
      ) : flow !== undefined && selection.value.journey === undefined ? (
        <FlowStory key={flow.id} flow={flow} />
      ) : (
        <Nothing />
      )}
    </section>
  );
}

function Nothing() {
  const { journey, flow } = selection.value;
  if (journey !== undefined)
    return <p class="hint">Packet #{journey} is not kept any more, or not here yet.</p>;
  if (flow !== undefined) return <p class="hint">That conversation is not kept any more, or not here yet.</p>;
  return <p class="hint">Choose a packet, or a conversation, to read its story.</p>;
}
