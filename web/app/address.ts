/** What the page shows, as the query of its address: to come back to, and to give to somebody else. Pure. */
import type { ListTab, LowerTab, Selection, Theme, TimeRange, View } from './state.ts';

export interface Shown {
  /** Ids and times mean something in this session alone. */
  readonly session?: string;
  readonly selection: Selection;
  readonly view: View;
  readonly range?: TimeRange;
  readonly filter: string;
  readonly list: ListTab;
  readonly lower: LowerTab;
  readonly theme: Theme;
}

export const fresh: Shown = {
  selection: {},
  view: 'live',
  filter: '',
  list: 'flows',
  lower: 'topology',
  theme: 'system',
};

export function queryOf(shown: Shown): string {
  const { session, selection, view, range, filter, list, lower, theme } = shown;
  const { flow, journey, hop } = selection;
  const isOfSession = flow !== undefined || journey !== undefined || range !== undefined;
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['q', filter === '' ? undefined : filter],
    ['flow', flow],
    ['packet', journey],
    ['hop', journey === undefined ? undefined : hop?.toString()],
    ['view', view === fresh.view ? undefined : view],
    ['time', range && `${Math.round(range.fromNs)}-${Math.round(range.toNs)}`],
    ['list', list === fresh.list ? undefined : list],
    ['below', lower === fresh.lower ? undefined : lower],
    ['theme', theme === fresh.theme ? undefined : theme],
    ['session', isOfSession ? session : undefined],
  ];
  const query = new URLSearchParams(
    parts.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return query.size === 0 ? '' : `?${query}`;
}

/** Whatever makes no sense is left out. */
export function shownOf(query: string): Shown {
  const given = new URLSearchParams(query);
  const oneOf = <T extends string>(key: string, values: readonly T[], otherwise: T): T =>
    values.find(value => value === given.get(key)) ?? otherwise;
  const id = (key: string): string | undefined => /^[\w-]{1,64}$/.exec(given.get(key) ?? '')?.[0];
  const [flow, journey, session] = [id('flow'), id('packet'), id('session')];
  const hop = /^\d{1,6}$/.exec(given.get('hop') ?? '')?.[0];
  const range = rangeOf(given.get('time'));
  return {
    selection: {
      ...(flow === undefined ? {} : { flow }),
      ...(journey === undefined ? {} : { journey, hop: Number(hop ?? 0) }),
    },
    view: oneOf('view', ['live', 'flow', 'overlay'], fresh.view),
    ...(range === undefined ? {} : { range }),
    filter: (given.get('q') ?? '').slice(0, 256),
    list: oneOf('list', ['flows', 'journeys'], fresh.list),
    lower: oneOf('below', ['topology', 'charts'], fresh.lower),
    theme: oneOf('theme', ['system', 'light', 'dark'], fresh.theme),
    ...(session === undefined ? {} : { session }),
  };
}

function rangeOf(text: string | null): TimeRange | undefined {
  const match = /^(-?\d{1,17})-(\d{1,17})$/.exec(text ?? '');
  if (match === null) return undefined;
  const [fromNs, toNs] = [Number(match[1]), Number(match[2])];
  return fromNs < toNs ? { fromNs, toNs } : undefined;
}
