import { topology } from '../app/state.ts';

/** The places of this machine, by name. */
export function TopologyPanel() {
  const places = topology.value?.places ?? [];
  return (
    <section class="panel" aria-label="Topology">
      <ul class="plain-list">
        {places.map(({ id, kind, name }) => (
          <li key={id}>
            {kind} {name}
          </li>
        ))}
      </ul>
    </section>
  );
}
