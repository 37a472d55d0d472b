import { selectedJourney, selection } from '../app/state.ts';

/** The hops of the selected journey, in words. */
export function StoryPanel() {
  const journey = selectedJourney.value;
  if (journey === undefined)
    return (
      <section class="panel" aria-label="Story">
        <p class="hint">Choose a packet to read its story.</p>
      </section>
    );
  return (
    <section class="panel" aria-label="Story">
      <ol class="plain-list">
        {journey.hops.map(({ index, text }) => (
          <li key={index} aria-current={selection.value.hop === index ? 'step' : undefined}>
            {text}
          </li>
        ))}
      </ol>
    </section>
  );
}
