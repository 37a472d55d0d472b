import { useSignal } from '@preact/signals';
import { follows } from '../act/follows.ts';
import { openDialog } from '../app/dialog.tsx';
import { connection } from '../app/feed.ts';
import { enterWith } from '../app/session.ts';
import { stats } from '../app/state.ts';

export interface EmptyListsProps {
  /** There are some, and none fits the filter. */
  readonly isFiltered: boolean;
  readonly onClear: () => void;
}

/** Why there is nothing, and what to do. */
export function EmptyLists({ isFiltered, onClear }: EmptyListsProps) {
  if (isFiltered)
    return (
      <div class="empty">
        <p>Nothing fits the filter.</p>
        <button type="button" class="quiet" onClick={onClear}>
          Clear the filter
        </button>
      </div>
    );
  const { kind } = connection.value;
  if (kind === 'refused') return <TokenForm />;
  if (kind !== 'live')
    return (
      <div class="empty">
        <p>{kind === 'lost' ? 'The daemon does not answer.' : 'Connecting to the daemon …'}</p>
        {kind === 'lost' && (
          <p class="muted">
            Is it running? <code>sudo bin/tracer daemon</code> starts it. This page comes back by itself.
          </p>
        )}
      </div>
    );
  if (stats.value?.replay !== undefined)
    return (
      <div class="empty">
        <p>This recording holds no packets of what was followed.</p>
      </div>
    );
  return <NothingYet />;
}

function NothingYet() {
  const followed = follows.value ?? [];
  if (followed.length === 0)
    return (
      <div class="empty">
        <p>Nothing is followed yet.</p>
        <p class="muted">
          Say above from whom to whom: a pod, a service, an address, or any. Without a cluster,{' '}
          <code>sudo bin/tracer lab up</code> starts one for practice.
        </p>
      </div>
    );
  return (
    <div class="empty">
      <p>No packet has come yet.</p>
      <p class="muted">
        What is followed:{' '}
        {followed
          .slice(0, 3)
          .map(({ src, dst }) => `${src} → ${dst}`)
          .join(', ')}
        {followed.length > 3 && ` and ${followed.length - 3} more`}. Send something there, or let a scenario
        do it:
      </p>
      <button
        type="button"
        class="act"
        onClick={() => {
          openDialog.value = 'scenarios';
        }}
      >
        Scenarios
      </button>
    </div>
  );
}

function TokenForm() {
  const token = useSignal('');
  const isWrong = useSignal(false);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    // The whole address may be pasted too.
    const bare = token.value.trim().replace(/^.*#t=/, '');
    isWrong.value = !(await enterWith(bare));
  };
  return (
    <form class="empty" onSubmit={event => void send(event)}>
      <p>The daemon does not know this page.</p>
      <p class="muted">
        Each start of the daemon has a token of its own. Open the address that it printed, or paste the token
        here: <code>sudo cat /run/tracer/token</code>
      </p>
      <input
        type="password"
        value={token.value}
        aria-label="Token"
        placeholder="token"
        autocomplete="off"
        onInput={({ currentTarget }) => {
          token.value = currentTarget.value;
        }}
      />
      <button type="submit" class="act" disabled={token.value.trim() === ''}>
        Let me in
      </button>
      {isWrong.value && (
        <p class="bad" role="alert">
          That is not this daemon's token.
        </p>
      )}
    </form>
  );
}
