import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const SAID_MS = 1500;

type Copied = 'no' | 'yes' | 'refused';

const words: Readonly<Record<Copied, string>> = { no: 'Copy', yes: 'Copied', refused: 'Select it by hand' };

/** A command that shows the same by hand: one click copies it. */
export function Command({ text }: { text: string }) {
  const copied = useSignal<Copied>('no');
  useEffect(() => {
    if (copied.value === 'no') return;
    const timer = setTimeout(() => {
      copied.value = 'no';
    }, SAID_MS);
    return () => clearTimeout(timer);
  }, [copied.value]);
  const copy = async (): Promise<void> => {
    copied.value = await navigator.clipboard.writeText(text).then(
      () => 'yes' as const,
      () => 'refused' as const,
    );
  };
  return (
    <div class="story-command">
      <code>{text}</code>
      <button type="button" aria-label={`copy the command ${text}`} onClick={() => void copy()}>
        {words[copied.value]}
      </button>
      <span class="unseen" role="status">
        {copied.value === 'no' ? '' : words[copied.value]}
      </span>
    </div>
  );
}
