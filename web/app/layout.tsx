import { StoryPanel } from '../panels/story-panel.tsx';
import { TimelinePanel } from '../timeline/timeline-panel.tsx';
import { TopologyPanel } from '../topology/topology-panel.tsx';

/** Where everything stands. Each slot scrolls by itself; nothing moves another. */
export function Layout() {
  return (
    <div class="page">
      <header class="page-head">
        <h1 class="brand">tracer</h1>
      </header>
      <main class="page-main">
        <div class="slot slot-lists" />
        <div class="slot slot-timeline">
          <TimelinePanel />
        </div>
        <div class="slot slot-below">
          <TopologyPanel />
        </div>
        <div class="slot slot-story">
          <StoryPanel />
        </div>
      </main>
    </div>
  );
}
