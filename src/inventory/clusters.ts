/** `--context` and `-n`: one of the clusters, one of their namespaces, or an error that lists those that there are. */
import { TracerError } from '../base/errors.ts';
import type { ClusterSnapshot } from '../model/inventory.ts';
import type { When } from './inventory.ts';
import type { Names } from './names.ts';
import { nearMisses } from './near-misses.ts';

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

/** What is asked for in a namespace that nobody has would just not be found. */
export function requireScope(names: Names, { cluster, namespace, when = names.latestNs }: Scope): void {
  if (cluster !== undefined) requireCluster(names, cluster, when);
  if (namespace === undefined) return;
  const meant = names.clustersAt(when).filter(({ name }) => cluster === undefined || name === cluster);
  const known = [...new Set(meant.flatMap(({ snapshot }) => namespacesOf(snapshot)))].sort();
  if (known.length === 0 || known.includes(namespace)) return;
  const near = nearMisses(namespace, known);
  throw new TracerError('UNKNOWN_NAME', `no namespace is called "${namespace}"`, {
    hint:
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known here: ${known.slice(0, 20).join(', ')}`,
  });
}

interface Scope {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly when?: When;
}

/** Where they may not be listed: of what there is. */
function namespacesOf({ namespaces, pods, services }: ClusterSnapshot): readonly string[] {
  return namespaces ?? [...pods, ...services].map(({ namespace }) => namespace);
}
