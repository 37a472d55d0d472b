import { filterText } from '../app/state.ts';
import { filterKeys } from './filter.ts';

export const FILTER_ID = 'filter';
const suggestions = [
  ...filterKeys.map(key => `${key}:`),
  ...['dropped', 'delivered', 'transmitted', 'lost', 'open'].map(kind => `outcome:${kind}`),
  ...['unanswered', 'refused', 'reset', 'dropped', 'answered'].map(state => `state:${state}`),
];

export function FilterBox() {
  return (
    <>
      <input
        id={FILTER_ID}
        type="search"
        value={filterText.value}
        list="filter-words"
        placeholder="Filter: port:80 …"
        aria-label="Filter conversations and packets"
        title="All words have to fit: text, an address, or pod: svc: node: ns: ip: port: proto: outcome: state:. A minus turns a word round."
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          filterText.value = currentTarget.value;
        }}
      />
      <datalist id="filter-words">
        {suggestions.map(word => (
          <option key={word} value={word} />
        ))}
      </datalist>
    </>
  );
}
