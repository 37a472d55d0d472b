import { type ReadonlySignal, type Signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { counted } from '../../src/words/counts.ts';
import {
  clearSelection,
  filterText,
  flows,
  journeys,
  listTab,
  selectFlow,
  selection,
  selectJourney,
} from '../app/state.ts';
import { Tabs } from '../app/tabs.tsx';
import { EmptyLists } from '../status/empty.tsx';
import { FilterBox } from './filter-box.tsx';
import { flowSort, journeySort, listedFlows, listedJourneys } from './listed.ts';
import { orderOf } from './row-order.ts';
import { FLOW_ROW_PX, FlowRow, JOURNEY_ROW_PX, JourneyRow } from './rows.tsx';
import { flowSorts, journeySorts, type SortKey } from './sorting.ts';
import { VirtualList } from './virtual-list.tsx';

/** Conversations and packets, by name. */
export function ListsPanel() {
  const isFlows = listTab.value === 'flows';
  return (
    <section class="lists" aria-label="Conversations and packets">
      <div class="slot-head">
        <Tabs
          label="List"
          value={listTab}
          options={[
            { value: 'flows', label: 'Conversations', count: listedFlows.value.ids.length },
            { value: 'journeys', label: 'Packets', count: listedJourneys.value.ids.length },
          ]}
        />
      </div>
      <div class="filter">
        <FilterBox />
        {isFlows ? (
          <SortBox sorts={flowSorts} value={flowSort} />
        ) : (
          <SortBox sorts={journeySorts} value={journeySort} />
        )}
      </div>
      {isFlows ? <FlowList /> : <JourneyList />}
      <Selected />
    </section>
  );
}

/** Below the rows, where it moves none of them. */
function Selected() {
  const { flow, journey } = selection.value;
  if (flow === undefined && journey === undefined) return null;
  const words = journey === undefined ? `conversation #${flow}` : `packet #${journey}`;
  return (
    <div class="selected-bar">
      <span class="muted">{words} is selected</span>
      <button type="button" class="quiet" title="Select nothing (Esc)" onClick={clearSelection}>
        Show all
      </button>
    </div>
  );
}

function FlowList() {
  return (
    <Rows
      label="Conversations"
      rowPx={FLOW_ROW_PX}
      listed={listedFlows}
      selected={selection.value.flow}
      onSelect={selectFlow}
      row={id => {
        const flow = flows.value.get(id);
        return flow === undefined ? null : <FlowRow flow={flow} />;
      }}
    />
  );
}

function JourneyList() {
  return (
    <Rows
      label="Packets"
      rowPx={JOURNEY_ROW_PX}
      listed={listedJourneys}
      selected={selection.value.journey}
      onSelect={id => selectJourney(id)}
      row={id => {
        const journey = journeys.value.get(id);
        return journey === undefined ? null : <JourneyRow journey={journey} />;
      }}
    />
  );
}

interface RowsProps {
  readonly label: string;
  readonly rowPx: number;
  readonly listed: ReadonlySignal<{ readonly ids: readonly string[]; readonly all: number }>;
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly row: (id: string) => ComponentChildren;
}

function Rows({ label, rowPx, listed, selected, onSelect, row }: RowsProps) {
  /** Somebody reads: the pointer or the focus is in the list, or it is scrolled. */
  const reading = useSignal({ pointer: false, focus: false, scrolled: false });
  const isHeld = useComputed(() => Object.values(reading.value).includes(true));
  const reads = (part: Partial<typeof reading.value>): void => {
    reading.value = { ...reading.peek(), ...part };
  };
  const shown = useSignal<readonly string[]>([]);
  const newer = useSignal(0);
  /** Another filter or order is another list. */
  const wanted = useSignal('');
  useSignalEffect(() => {
    const now = `${filterText.value}\n${flowSort.value}\n${journeySort.value}`;
    const isSame = now === wanted.peek();
    wanted.value = now;
    const order = orderOf(listed.value.ids, shown.peek(), isHeld.value && isSame);
    shown.value = order.ids;
    newer.value = order.newer;
  });
  if (shown.value.length === 0)
    return (
      <EmptyLists
        isFiltered={listed.value.all > 0}
        onClear={() => {
          filterText.value = '';
        }}
      />
    );
  return (
    <div
      class="rows-frame"
      onPointerEnter={() => reads({ pointer: true })}
      onPointerLeave={() => reads({ pointer: false })}
      onFocusIn={() => reads({ focus: true })}
      onFocusOut={() => reads({ focus: false })}
    >
      {newer.value > 0 && (
        <button
          type="button"
          class="rows-newer"
          onClick={({ currentTarget }) => {
            // It goes, and the focus would go with it.
            currentTarget.parentElement?.querySelector<HTMLElement>('[role=listbox]')?.focus();
            shown.value = listed.value.ids;
            newer.value = 0;
          }}
        >
          {counted(newer.value, 'new row')}: show
        </button>
      )}
      <VirtualList
        label={label}
        ids={shown.value}
        rowPx={rowPx}
        selected={selected}
        row={row}
        onSelect={onSelect}
        onScroll={isAtTop => reads({ scrolled: !isAtTop })}
      />
    </div>
  );
}

interface SortBoxProps<T> {
  readonly sorts: readonly SortKey<T>[];
  readonly value: Signal<string>;
}

function SortBox<T>({ sorts, value }: SortBoxProps<T>) {
  return (
    <select
      class="sort"
      aria-label="Order"
      value={value.value}
      onChange={({ currentTarget }) => {
        value.value = currentTarget.value;
      }}
    >
      {sorts.map(({ name, label }) => (
        <option key={name} value={name}>
          {label}
        </option>
      ))}
    </select>
  );
}
