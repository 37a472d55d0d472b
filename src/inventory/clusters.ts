/** `--context`: one of the clusters that are known here, or an error that lists them. */
import { TracerError } from '../base/errors.ts';
import type { When } from './inventory.ts';
import type { Names } from './names.ts';

export function requireCluster(names: Names, cluster: string, when: When = names.latestNs): void {
  const known = names.clustersAt(when).map(({ snapshot }) => snapshot.name);
  if (known.includes(cluster)) return;
  throw new TracerError('UNKNOWN_NAME', `no cluster is called "${cluster}"`, {
    hint:
      known.length === 0
        ? 'none is known here; tracer lab up makes a practice cluster'
        : `known here: ${known.sort().join(', ')}`,
  });
}
