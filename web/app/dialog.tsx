import { type Signal, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export type DialogName = 'scenarios' | 'status' | 'keys';
/** The one that is open. */
export const openDialog: Signal<DialogName | undefined> = signal(undefined);

export interface DialogProps {
  readonly name: DialogName;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** The browser's own: it keeps the focus within, and Esc closes it. */
export function Dialog({ name, title, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const isOpen = openDialog.value === name;
  useEffect(() => {
    if (isOpen) box.current?.showModal();
    else box.current?.close();
  }, [isOpen]);
  const close = (): void => {
    if (openDialog.peek() === name) openDialog.value = undefined;
  };
  return (
    <dialog ref={box} class="dialog" aria-label={title} onClose={close}>
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </header>
      {isOpen && <div class="dialog-body">{children}</div>}
    </dialog>
  );
}
