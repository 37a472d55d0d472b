import type { Signal } from '@preact/signals';

export interface TabOption<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly count?: number;
  readonly title?: string;
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly value: Signal<T>;
  readonly options: readonly TabOption<T>[];
}

/** One of a few. */
export function Tabs<T extends string>({ label, value, options }: TabsProps<T>) {
  return (
    <fieldset class="tabs" aria-label={label}>
      {options.map(option => (
        <button
          key={option.value}
          type="button"
          class="tab"
          aria-pressed={value.value === option.value}
          title={option.title}
          onClick={() => {
            value.value = option.value;
          }}
        >
          {option.label}
          {option.count !== undefined && <span class="tab-count"> {option.count}</span>}
        </button>
      ))}
    </fieldset>
  );
}
