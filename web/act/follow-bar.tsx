import { type Signal, useComputed, useSignal } from '@preact/signals';
import { topology } from '../app/state.ts';
import { type Followed, follows, isFollowPending, startFollow, stopFollow } from './follows.ts';
import { namesOf } from './names.ts';

const SHOWN = 2;

/** From whom to whom packets are followed. */
export function FollowBar() {
  const src = useSignal('');
  const dst = useSignal('');
  const names = useComputed(() => namesOf(topology.value));
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    const request = { src: src.value.trim(), dst: dst.value.trim() };
    if (request.src === '' || request.dst === '' || isFollowPending.value) return;
    if (!(await startFollow(request))) return;
    src.value = '';
    dst.value = '';
  };
  return (
    <form class="follow" aria-label="Follow packets" onSubmit={event => void begin(event)}>
      <End text={src} label="From" placeholder="from: pod or IP" />
      <span class="arrow" aria-hidden="true">
        →
      </span>
      <End text={dst} label="To" placeholder="to: svc/x, any" />
      <datalist id="names">
        {names.value.map(({ value, kind }) => (
          <option key={value} value={value}>
            {kind}
          </option>
        ))}
      </datalist>
      <button
        type="submit"
        class="act"
        disabled={src.value.trim() === '' || dst.value.trim() === '' || isFollowPending.value}
      >
        {isFollowPending.value ? 'Starting …' : 'Follow'}
      </button>
      <Chips all={follows.value ?? []} />
    </form>
  );
}

interface EndProps {
  readonly text: Signal<string>;
  readonly label: string;
  readonly placeholder: string;
}

function End({ text, label, placeholder }: EndProps) {
  return (
    <input
      value={text.value}
      list="names"
      placeholder={placeholder}
      title="pod, ns/pod, svc/name, node/name, an address, a CIDR, any"
      aria-label={label}
      autocomplete="off"
      spellcheck={false}
      onInput={({ currentTarget }) => {
        text.value = currentTarget.value;
      }}
    />
  );
}

const wordsOf = ({ src, dst }: Followed): string => `${src} → ${dst}`;

function Chips({ all }: { readonly all: readonly Followed[] }) {
  if (all.length <= SHOWN)
    return (
      <>
        {all.map(follow => (
          <Chip key={follow.id} follow={follow} />
        ))}
      </>
    );
  return (
    <details class="chips-more">
      <summary class="chip">following {all.length}</summary>
      <div class="chips-list">
        {all.map(follow => (
          <Chip key={follow.id} follow={follow} />
        ))}
      </div>
    </details>
  );
}

function Chip({ follow }: { readonly follow: Followed }) {
  const { id, cluster, followers } = follow;
  const others = followers > 1 ? `, for ${followers}` : '';
  return (
    <span class="chip" title={`followed${cluster === undefined ? '' : ` in ${cluster}`}${others}`}>
      <span class="chip-words">{wordsOf(follow)}</span>
      <button
        type="button"
        class="chip-end"
        aria-label={`Stop following ${wordsOf(follow)}`}
        onClick={() => void stopFollow(id)}
      >
        ×
      </button>
    </span>
  );
}
