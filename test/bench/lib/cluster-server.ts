/** An API of 1,000 pods and 500 services; from its second watch of pods on, 50 of them a second go and others come with their addresses. */
import { KubeApi, type KubeObject } from '../../helpers/kube-api.ts';
import { podAt } from './cluster-pods.ts';

const api = await KubeApi.start();
const service = (i: number): KubeObject => ({
  metadata: { name: `svc-${i}`, namespace: 'default' },
  spec: { clusterIPs: [`10.96.${i >> 8}.${i & 255}`], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
});
const slice = (i: number): KubeObject => ({
  metadata: {
    name: `svc-${i}-x`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': `svc-${i}` },
  },
  ports: [{ name: 'http', port: 8080 }],
  endpoints: [0, 1, 2].map(k => ({ addresses: [podAt((i * 2 + k) % 1000, 0).status.podIPs[0]!.ip] })),
});
api.fill(
  'pods',
  Array.from({ length: 1000 }, (_, i) => podAt(i, 0)),
);
api.fill(
  'services',
  Array.from({ length: 500 }, (_, i) => service(i)),
);
api.fill(
  'endpointslices',
  Array.from({ length: 500 }, (_, i) => slice(i)),
);
api.fill('nodes', [
  { metadata: { name: 'node-0' }, status: { addresses: [{ type: 'InternalIP', address: '172.31.0.2' }] } },
]);
process.stdout.write(`${api.port}\n`);
await api.untilWatched(5);
let turn = 0;
const timer = setInterval(() => {
  const i = turn % 1000;
  const age = Math.floor(turn / 1000);
  api.remove('pods', podAt(i, age));
  api.put('pods', podAt(i, age + 1));
  turn++;
}, 20);
process.stdin.resume();
process.stdin.on('end', () => {
  clearInterval(timer);
  void api.stop();
});
