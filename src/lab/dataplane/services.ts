import type { ClusterService, ClusterServicePort } from '../../model/inventory.ts';
import { dnsServiceIp, type LabPlan, loadBalancerIp } from './plan.ts';

type Endpoint = ClusterServicePort['endpoints'][number];

function endpoints(plan: LabPlan, pods: readonly string[], port: number): Endpoint[] {
  return plan.pods
    .filter(pod => pods.includes(pod.name))
    .map(pod => ({ ip: pod.ip, port, pod: pod.name, node: pod.node }));
}

/** The services of the practice cluster, as the API server would list them. */
export function labServices(plan: LabPlan): ClusterService[] {
  const clusterIp = (
    name: string,
    ip: string,
    port: ClusterServicePort,
    namespace = 'default',
  ): ClusterService => ({
    namespace,
    name,
    type: 'ClusterIP',
    clusterIps: [ip],
    externalIps: [],
    loadBalancerIps: [],
    ports: [port],
  });
  const http = (pods: readonly string[]): ClusterServicePort => ({
    name: 'http',
    protocol: 'tcp',
    port: 80,
    endpoints: endpoints(plan, pods, 8080),
  });
  const dns = plan.pods.filter(pod => pod.labels['k8s-app'] === 'kube-dns').map(pod => pod.name);
  const apiserver = plan.nodes[0]!;
  return [
    clusterIp('kubernetes', '10.96.0.1', {
      name: 'https',
      protocol: 'tcp',
      port: 443,
      endpoints: [{ ip: apiserver.ip, port: 6443, node: apiserver.name }],
    }),
    {
      ...clusterIp(
        'kube-dns',
        dnsServiceIp,
        { name: 'dns', protocol: 'udp', port: 53, endpoints: endpoints(plan, dns, 53) },
        'kube-system',
      ),
      ports: [
        { name: 'dns', protocol: 'udp', port: 53, endpoints: endpoints(plan, dns, 53) },
        { name: 'dns-tcp', protocol: 'tcp', port: 53, endpoints: endpoints(plan, dns, 53) },
      ],
    },
    {
      ...clusterIp('nginx-service', '10.96.45.123', http([])),
      type: 'LoadBalancer',
      loadBalancerIps: [loadBalancerIp],
      ports: [{ ...http(['nginx-1', 'nginx-2', 'nginx-3']), nodePort: 30080 }],
    },
    clusterIp('nginx-one', '10.96.45.124', http(['nginx-1'])),
    clusterIp('no-endpoints', '10.96.45.200', http([])),
  ];
}
