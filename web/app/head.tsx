import { FollowBar } from '../act/follow-bar.tsx';
import { StatusButton } from '../status/status.tsx';
import { openDialog } from './dialog.tsx';
import { cameMeanwhile } from './feed.ts';
import { nextTheme } from './keys.ts';
import { paused, stats, theme } from './state.ts';

const themeWords = { system: 'Auto', light: 'Light', dark: 'Dark' } as const;

export function PageHead() {
  const replay = stats.value?.replay;
  return (
    <header class="page-head">
      <h1 class="brand">
        <BrandMark />
        tracer
      </h1>
      {replay === undefined ? (
        <FollowBar />
      ) : (
        <p class="replayed" title={replay.name}>
          {replay.name.replace(/^.*\//, '')}
        </p>
      )}
      <span class="grow" />
      <StatusButton />
      <PausedChip />
      {replay === undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            openDialog.value = 'scenarios';
          }}
        >
          Scenarios
        </button>
      )}
      <a class="quiet" href="/api/session" download title="All that was recorded, to replay or pass on">
        Download
      </a>
      <button
        type="button"
        class="quiet"
        title="Light, dark, or as the system has it (D)"
        onClick={nextTheme}
      >
        {themeWords[theme.value]}
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          openDialog.value = 'keys';
        }}
      >
        ?
      </button>
    </header>
  );
}

/** The diagram has the button; what came meanwhile is counted here. */
function PausedChip() {
  if (!paused.value) return null;
  return (
    <span class="chip" role="status">
      Paused · {cameMeanwhile.value.toLocaleString('en')} came meanwhile
    </span>
  );
}

function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M3 6h18M3 12h18M3 18h18" class="brand-lines" />
      <path d="M4 6l6 6h4l6 6" class="brand-way" />
    </svg>
  );
}
