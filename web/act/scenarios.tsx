import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask } from '../app/api.ts';
import { Dialog, openDialog } from '../app/dialog.tsx';
import { listTab } from '../app/state.ts';
import { tellError } from './notice.tsx';

/** `GET /api/lab`. */
interface LabOffer {
  readonly clusters: readonly string[];
  readonly scenarios: readonly ScenarioStory[];
}

interface ScenarioStory {
  readonly name: string;
  readonly title: string;
  /** What will be seen, and what it shows. */
  readonly before: string;
  readonly after: string;
}

const stories = signal<LabOffer | undefined>(undefined);

interface Run {
  readonly story: ScenarioStory;
  readonly state: 'under way' | 'over';
}
/** The one that was run last from this page. */
const run = signal<Run | undefined>(undefined);

async function readStories(): Promise<void> {
  try {
    stories.value = await ask<LabOffer>('GET', '/api/lab');
  } catch (error) {
    tellError(error);
  }
}

async function start(story: ScenarioStory): Promise<void> {
  openDialog.value = undefined;
  run.value = { story, state: 'under way' };
  try {
    await ask('POST', '/api/lab/run', { name: story.name });
    run.value = { story, state: 'over' };
    listTab.value = 'flows';
  } catch (error) {
    run.value = undefined;
    tellError(error);
  }
}

export function ScenariosDialog() {
  return (
    <Dialog name="scenarios" title="Scenarios of the practice cluster">
      <Stories />
    </Dialog>
  );
}

function Stories() {
  useEffect(() => void readStories(), []);
  const known = stories.value;
  if (known === undefined) return <p class="muted">Asking …</p>;
  return (
    <>
      {known.clusters.length === 0 && (
        <p>
          No practice cluster is up. <code>sudo bin/tracer lab up</code> starts one, in network namespaces of
          its own; then these run from here.
        </p>
      )}
      <ul class="stories">
        {known.scenarios.map(story => (
          <li key={story.name} class="story-item">
            <div>
              <h3>{story.title}</h3>
              <p class="muted">{story.before}</p>
            </div>
            <button
              type="button"
              class="act"
              aria-label={`Run: ${story.title}`}
              disabled={known.clusters.length === 0 || run.value?.state === 'under way'}
              onClick={() => void start(story)}
            >
              Run
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The story of the one that was run: what to watch for, then what it showed. */
export function ScenarioBar() {
  const running = run.value;
  if (running === undefined) return null;
  const { story, state } = running;
  const isOver = state === 'over';
  return (
    <div class="scenario" role="status">
      <div>
        <b>{story.title}</b>
        <p>
          <span class="scenario-when">Watch</span> {story.before}
        </p>
        {isOver && (
          <p>
            <span class="scenario-when">What it shows</span> {story.after}
          </p>
        )}
      </div>
      <div class="scenario-acts">
        {isOver ? (
          <button type="button" class="quiet" onClick={() => void start(story)}>
            Run again
          </button>
        ) : (
          <span class="muted">under way …</span>
        )}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            run.value = undefined;
          }}
        >
          Close
        </button>
      </div>
    </div>
  );
}
