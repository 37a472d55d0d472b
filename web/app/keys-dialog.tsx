import { Dialog } from './dialog.tsx';
import { keyHelp } from './keys.ts';

export function KeysDialog() {
  return (
    <Dialog name="keys" title="Keys">
      <dl class="keys">
        {keyHelp.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
