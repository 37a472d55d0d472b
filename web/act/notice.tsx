import { signal } from '@preact/signals';
import { ApiError } from '../app/api.ts';

export interface Notice {
  readonly text: string;
  readonly hint?: string;
  readonly isBad: boolean;
}

/** What came of what somebody did here; stays until it is read. */
export const notice = signal<Notice | undefined>(undefined);

export function tellError(error: unknown): void {
  if (error instanceof ApiError) notice.value = { text: error.message, hint: error.hint, isBad: true };
  else throw error;
}

export function NoticeBar() {
  const told = notice.value;
  if (told === undefined) return null;
  return (
    <div class={told.isBad ? 'notice notice-bad' : 'notice'} role={told.isBad ? 'alert' : 'status'}>
      <span>
        <b>{told.text}</b>
        {told.hint !== undefined && <span class="muted"> {told.hint}</span>}
      </span>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          notice.value = undefined;
        }}
      >
        Close
      </button>
    </div>
  );
}
