import { NoticeBar } from '../act/notice.tsx';
import { ScenarioBar, ScenariosDialog } from '../act/scenarios.tsx';
import { ChartsPanel } from '../charts/charts-panel.tsx';
import { ListsPanel } from '../lists/lists-panel.tsx';
import { StoryPanel } from '../panels/story-panel.tsx';
import { StatusDialog } from '../status/status.tsx';
import { TimelinePanel } from '../timeline/timeline-panel.tsx';
import { TopologyPanel } from '../topology/topology-panel.tsx';
import { PageHead } from './head.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import { lowerTab } from './state.ts';
import { Tabs } from './tabs.tsx';

/** Where everything stands. Each slot scrolls by itself; nothing moves another. */
export function Layout() {
  return (
    <div class="page">
      <PageHead />
      <div class="page-told">
        <NoticeBar />
        <ScenarioBar />
      </div>
      <main class="page-main">
        <div class="slot slot-lists">
          <ListsPanel />
        </div>
        <div class="slot slot-timeline">
          <TimelinePanel />
        </div>
        <div class="slot slot-below">
          <div class="slot-head">
            <Tabs
              label="Below the diagram"
              value={lowerTab}
              options={[
                { value: 'topology', label: 'Topology' },
                { value: 'charts', label: 'Charts' },
              ]}
            />
          </div>
          {lowerTab.value === 'topology' ? <TopologyPanel /> : <ChartsPanel />}
        </div>
        <div class="slot slot-story">
          <StoryPanel />
        </div>
      </main>
      <ScenariosDialog />
      <StatusDialog />
      <KeysDialog />
    </div>
  );
}
