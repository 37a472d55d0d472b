import { effect, type ReadonlySignal, signal } from '@preact/signals';

/** The same, at most once in `ms`: what a person reads need not change faster. */
export function throttled<T>(source: ReadonlySignal<T>, ms: number): ReadonlySignal<T> {
  const slow = signal(source.peek());
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (): void => {
    timer = undefined;
    lastMs = performance.now();
    slow.value = source.peek();
  };
  effect(() => {
    source.value;
    const waitMs = lastMs + ms - performance.now();
    if (waitMs <= 0) take();
    else if (timer === undefined) timer = setTimeout(take, waitMs);
  });
  return slow;
}
