/** Names as they are now, without root: practice cluster's state files, and what the API of a kubeconfig lists. */
import { Clusters } from '../../cluster/clusters.ts';
import type { Candidate } from '../../inventory/candidates.ts';
import { candidatesOf } from '../../inventory/candidates.ts';
import { Inventory } from '../../inventory/inventory.ts';
import { Names } from '../../inventory/names.ts';
import { scenarios } from '../../lab/scenarios/run.ts';
import { readLabSnapshots } from '../../lab/state.ts';
import { kubeOptions } from '../kube-options.ts';
import type { Live, Place } from './place.ts';

/** `patienceMs`: for an API server; without its answer there are the practice cluster's names. */
export async function liveNames(
  live: Live,
  { given }: Pick<Place, 'given'>,
  patienceMs: number,
): Promise<string[]> {
  if (live === 'scenario') return scenarios.map(({ name }) => name);
  const meant = given['--context'];
  // Alone, it needs not be said with each name.
  const labs = readLabSnapshots().filter(
    ({ name }) => meant === undefined || live === 'context' || name === meant,
  );
  const names = new Names(new Inventory({ clockBaseNs: 0n }), labs);
  if (live !== 'pod') await withClusters(names, given, patienceMs);
  const clusters = names.clustersAt().map(({ snapshot }) => snapshot);
  if (live === 'context') return clusters.map(({ name }) => name);
  if (live === 'namespace')
    return clusters.flatMap(({ namespaces, pods }) => namespaces ?? pods.map(({ namespace }) => namespace));
  const all = candidatesOf(names).filter(({ cluster }) => meant === undefined || cluster === meant);
  return live === 'pod'
    ? all.filter(isPlace).flatMap(each => each.names)
    : namesOf(all, given['--namespace']);
}

async function withClusters(names: Names, given: Place['given'], patienceMs: number): Promise<void> {
  const asked = kubeOptions({ cluster: given['--context'], kubeconfig: given['--kubeconfig'] });
  const late = new Promise<void>(resolve => setTimeout(resolve, patienceMs).unref());
  const asking = Clusters.start({ ...asked, onFrame: frame => names.apply(frame), note: () => {} });
  await Promise.race([asking.then(clusters => clusters.stop()), late]);
}

const isPlace = ({ kind }: Candidate): boolean => kind === 'pod' || kind === 'node';

/** As they are told apart, and shorter where that is enough. */
function namesOf(all: readonly Candidate[], namespace: string | undefined): string[] {
  const meant = all.filter(
    each =>
      each.kind !== 'container' && (namespace === undefined || (each.namespace ?? namespace) === namespace),
  );
  const namespaces = new Map<string, Set<string>>();
  const alone = meant.filter(({ kind }) => kind === 'pod' || kind === 'service' || kind === 'node');
  for (const { names, cluster = '', namespace: where = '' } of alone)
    for (const name of names)
      namespaces.set(name, (namespaces.get(name) ?? new Set()).add(`${cluster} ${where}`));
  const isEnough = (each: Candidate, name: string): boolean =>
    namespaces.get(name)?.size === 1 || each.namespace === (namespace ?? 'default');
  const short = alone.flatMap(each => each.names.filter(name => isEnough(each, name)));
  return ['any', ...short, ...meant.map(({ reference }) => reference)];
}
