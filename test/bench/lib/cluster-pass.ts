/** The reader: a cluster watched for ten seconds, every change applied to names and looked up. Prints figures as JSON. */
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Inventory } from '../../../src/inventory/inventory.ts';
import { Names } from '../../../src/inventory/names.ts';
import type { ClusterFrame } from '../../../src/model/inventory.ts';
import { kubeconfigOf } from '../../helpers/kube-api.ts';

const CHURN_MS = 10_000;
const used = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
};

const server = `http://127.0.0.1:${process.argv[2]}`;
const before = used();
let at = performance.now();
const { KubeConfig } = await import('@kubernetes/client-node');
const { ClusterWatch } = await import('../../../src/cluster/cluster-watch.ts');
const load = performance.now() - at;
const client = used();

const config = new KubeConfig();
config.loadFromString(kubeconfigOf({ server, cluster: { 'insecure-skip-tls-verify': true } }));
const names = new Names(new Inventory({ clockBaseNs: process.hrtime.bigint() }));
let asked = 0;
let wrong = 0;
const onFrame = (frame: ClusterFrame): void => {
  names.apply(frame);
  if (frame.gone === true) return;
  const [index] = names.clustersAt();
  for (const pod of frame.pods) {
    asked++;
    const found = index!.podsWith(pod.ips[0]!);
    if (found.length !== 1 || found[0]!.name !== pod.name) wrong++;
  }
};
at = performance.now();
const watch = new ClusterWatch({
  access: { name: 'bench', server, config, isExtra: false },
  onFrame,
  note: () => {},
});
await watch.first();
const first = performance.now() - at;
const known = used();
asked = 0;
const cpu = process.cpuUsage();
at = performance.now();
await wait(CHURN_MS);
const { user, system } = process.cpuUsage(cpu);
const churnMs = performance.now() - at;
const churnCpu = (user + system) / 10 / churnMs;
const churned = used();
await watch.stop();
process.stdout.write(
  JSON.stringify({
    load,
    first,
    clientMemory: client - before,
    memory: known - client,
    changes: asked / (churnMs / 1000),
    churnCpu,
    churnMemory: churned - known,
    wrongNames: wrong,
  }),
);
