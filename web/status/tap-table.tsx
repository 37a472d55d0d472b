import type { TapStats } from '../../src/model/stats.ts';
import { tapCosts } from '../../src/words/tap-costs.ts';

const stateMarks: Readonly<Record<TapStats['state'], string>> = { on: '●', off: '○', refused: '✕' };

/** Where the kernel is listened to; of what is missing, what that costs. */
export function TapTable({ taps }: { readonly taps: readonly TapStats[] }) {
  return (
    <table class="taps">
      <thead>
        <tr>
          <th scope="col">tap</th>
          <th scope="col">state</th>
          <th scope="col" class="number">
            events
          </th>
          <th scope="col" class="number">
            lost
          </th>
        </tr>
      </thead>
      <tbody>
        {taps.map(tap => (
          <TapRow key={tap.name} tap={tap} />
        ))}
      </tbody>
    </table>
  );
}

function TapRow({ tap }: { readonly tap: TapStats }) {
  const { name, mechanism, state, reason, events, lost } = tap;
  const cost = state === 'on' ? undefined : tapCosts[name];
  return (
    <tr class={`tap-${state}`}>
      <th scope="row">
        {name}
        {cost !== undefined && <span class="tap-cost">Without it {cost}.</span>}
      </th>
      <td>
        <span aria-hidden="true">{stateMarks[state]}</span> {state} <span class="muted">{mechanism}</span>
        {reason !== undefined && <span class="tap-cost">{reason}</span>}
      </td>
      <td class="number">{events.toLocaleString('en')}</td>
      <td class="number">{lost.toLocaleString('en')}</td>
    </tr>
  );
}
