import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { windowOf } from './row-order.ts';

export interface VirtualListProps {
  readonly label: string;
  readonly ids: readonly string[];
  readonly rowPx: number;
  readonly selected: string | undefined;
  readonly row: (id: string) => ComponentChildren;
  readonly onSelect: (id: string) => void;
  readonly onScroll: (isAtTop: boolean) => void;
}

/** Thousands of rows of one height, of which those that are seen are there. One stop for the Tab key; arrows walk through it. */
export function VirtualList({ label, ids, rowPx, selected, row, onSelect, onScroll }: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const scrollPx = useSignal(0);
  const heightPx = useSignal(600);
  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      heightPx.value = element.clientHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [heightPx]);
  const at = selected === undefined ? -1 : ids.indexOf(selected);
  const go = (to: number): void => {
    const index = Math.max(0, Math.min(ids.length - 1, to));
    const id = ids[index];
    if (id === undefined) return;
    onSelect(id);
    reveal(box.current!, index * rowPx, rowPx);
  };
  const onKey = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(heightPx.value / rowPx) - 1);
    const to = targetOf(event.key, at, ids.length, page);
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  const { from, to } = windowOf(ids.length, rowPx, scrollPx.value, heightPx.value);
  return (
    <div
      ref={box}
      class="rows"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={at < from || at >= to ? undefined : `row-${ids[at]}`}
      onKeyDown={onKey}
      onScroll={({ currentTarget }) => {
        scrollPx.value = currentTarget.scrollTop;
        onScroll(currentTarget.scrollTop === 0);
      }}
    >
      <div class="rows-all" style={{ height: `${ids.length * rowPx}px` }}>
        {ids.slice(from, to).map((id, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active row
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list hears the keys
          <div
            key={id}
            id={`row-${id}`}
            class="row"
            role="option"
            aria-selected={id === selected}
            aria-setsize={ids.length}
            aria-posinset={from + index + 1}
            style={{ top: `${(from + index) * rowPx}px`, height: `${rowPx}px` }}
            onClick={() => onSelect(id)}
          >
            {row(id)}
          </div>
        ))}
      </div>
    </div>
  );
}

function targetOf(key: string, at: number, count: number, page: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return at + 1;
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'PageDown':
      return at + page;
    case 'PageUp':
      return at - page;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

function reveal(box: HTMLElement, topPx: number, rowPx: number): void {
  if (topPx < box.scrollTop) box.scrollTop = topPx;
  else if (topPx + rowPx > box.scrollTop + box.clientHeight) box.scrollTop = topPx + rowPx - box.clientHeight;
}
