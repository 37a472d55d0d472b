/**
 * kube-proxy's iptables mode: the chains and rules that it writes for a list of services, letter for letter
 * (pkg/proxy/iptables/proxier.go of Kubernetes 1.36; held against a recording of a real node by a unit test).
 * Not here: session affinity, source ranges, `Local` traffic policies, external IPs, and the nfacct counters, which
 * kube-proxy leaves out as well where the kernel has none.
 */
import { createHash } from 'node:crypto';
import type { ClusterService, ClusterServicePort } from '../../model/inventory.ts';
import { clusterCidr, clusterCidr6 } from './plan.ts';
import type { Rules } from './rules.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** First 16 characters of the base32 (RFC 4648) of a SHA-256. */
function chainHash(text: string): string {
  const bytes = createHash('sha256').update(text).digest();
  let out = '';
  for (let i = 0; i < 16; i++) {
    const bit = i * 5;
    const word = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    out += base32[(word >> (11 - (bit & 7))) & 31];
  }
  return out;
}

/** proxier.go portProtoHash(): SVC (all endpoints), EXT (entry from outside the cluster). */
export function serviceChain(kind: 'SVC' | 'EXT', servicePort: string, protocol: string): string {
  return `KUBE-${kind}-${chainHash(servicePort + protocol)}`;
}

/** proxier.go servicePortEndpointChainName(); `endpoint` is `IP:PORT`. */
export function endpointChain(servicePort: string, protocol: string, endpoint: string): string {
  return `KUBE-SEP-${chainHash(servicePort + protocol + endpoint)}`;
}

/** `NAMESPACE/NAME:PORTNAME`, as kube-proxy writes it in comments and hashes. */
function servicePortName(service: ClusterService, port: ClusterServicePort): string {
  return `${service.namespace}/${service.name}${port.name === undefined ? '' : `:${port.name}`}`;
}

export function writeKubeProxyRules(rules: Rules, services: readonly ClusterService[]): void {
  writeFrame(rules);
  for (const service of services) {
    for (const port of service.ports) {
      const clusterIps = service.clusterIps.filter(ip => ip.includes(':') === (rules.family === 6));
      if (clusterIps.length > 0) writeServicePort(rules, { service, port, clusterIps });
    }
  }
  const notLoopback = rules.family === 6 ? ' ! -d ::1/128' : '';
  rules.add(
    'nat',
    `KUBE-SERVICES${notLoopback} -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
  );
}

/** What is there without any service: the jumps of the built-in chains and kubelet's and kube-proxy's own chains. */
function writeFrame(rules: Rules): void {
  rules.chain('mangle', 'KUBE-IPTABLES-HINT', 'KUBE-KUBELET-CANARY', 'KUBE-PROXY-CANARY');
  rules.chain(
    'filter',
    'KUBE-KUBELET-CANARY',
    'KUBE-PROXY-CANARY',
    'KUBE-EXTERNAL-SERVICES',
    'KUBE-NODEPORTS',
    'KUBE-PROXY-FIREWALL',
    'KUBE-SERVICES',
    'KUBE-FIREWALL',
  );
  rules.chain('nat', 'KUBE-KUBELET-CANARY', 'KUBE-PROXY-CANARY', 'KUBE-NODEPORTS', 'KUBE-SERVICES');
  const whenNew = '-m conntrack --ctstate NEW -m comment --comment';
  rules.add(
    'filter',
    `INPUT ${whenNew} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    'INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
    `INPUT ${whenNew} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES`,
    'INPUT -j KUBE-FIREWALL',
    `FORWARD ${whenNew} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    'FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    `FORWARD ${whenNew} "kubernetes service portals" -j KUBE-SERVICES`,
    `FORWARD ${whenNew} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES`,
    `OUTPUT ${whenNew} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    `OUTPUT ${whenNew} "kubernetes service portals" -j KUBE-SERVICES`,
    'OUTPUT -j KUBE-FIREWALL',
  );
  if (rules.family === 4) {
    rules.add(
      'filter',
      'KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    );
  }
  rules.add(
    'filter',
    'KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    'KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    'KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  );
  rules.add(
    'nat',
    'PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    'OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    'POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    'KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    'KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    'KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    'KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  );
}

interface ServicePortRules {
  readonly service: ClusterService;
  readonly port: ClusterServicePort;
  readonly clusterIps: readonly string[];
}

function writeServicePort(rules: Rules, { service, port, clusterIps }: ServicePortRules): void {
  const name = servicePortName(service, port);
  const { protocol } = port;
  const svc = serviceChain('SVC', name, protocol);
  const ext = serviceChain('EXT', name, protocol);
  const bits = rules.family === 6 ? 128 : 32;
  const match = (ip: string, comment: string) =>
    `-d ${ip}/${bits} -p ${protocol} -m comment --comment "${comment}" -m ${protocol} --dport ${port.port}`;
  if (port.endpoints.length === 0) {
    for (const ip of clusterIps)
      rules.add(
        'filter',
        `KUBE-SERVICES ${match(ip, `${name} has no endpoints`)} -j REJECT --reject-with icmp-port-unreachable`,
      );
    return;
  }
  for (const ip of clusterIps) rules.add('nat', `KUBE-SERVICES ${match(ip, `${name} cluster IP`)} -j ${svc}`);
  const external = service.loadBalancerIps.filter(ip => ip.includes(':') === (rules.family === 6));
  for (const ip of external)
    rules.add('nat', `KUBE-SERVICES ${match(ip, `${name} loadbalancer IP`)} -j ${ext}`);
  if (port.nodePort !== undefined)
    rules.add(
      'nat',
      `KUBE-NODEPORTS -p ${protocol} -m comment --comment "${name}" -m ${protocol} --dport ${port.nodePort} -j ${ext}`,
    );
  if (external.length > 0 || port.nodePort !== undefined)
    rules.add(
      'nat',
      `${ext} -m comment --comment "masquerade traffic for ${name} external destinations" -j KUBE-MARK-MASQ`,
      `${ext} -j ${svc}`,
    );
  const notFromPods = `! -s ${rules.family === 6 ? clusterCidr6 : clusterCidr}`;
  for (const ip of clusterIps)
    rules.add('nat', `${svc} ${notFromPods} ${match(ip, `${name} cluster IP`)} -j KUBE-MARK-MASQ`);
  writeEndpoints(rules, name, port, svc);
}

function writeEndpoints(rules: Rules, name: string, port: ClusterServicePort, svc: string): void {
  const { protocol } = port;
  const all = port.endpoints
    .map(({ ip, port: target }) => ({ ip, text: ip.includes(':') ? `[${ip}]:${target}` : `${ip}:${target}` }))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  all.forEach(({ ip, text }, index) => {
    const sep = endpointChain(name, protocol, text);
    const left = all.length - index;
    // The last endpoint takes all that is left: 1/3 of all, then 1/2 of the rest, then the rest.
    const share = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : '';
    rules.add('nat', `${svc} -m comment --comment "${name} -> ${text}"${share} -j ${sep}`);
    rules.add(
      'nat',
      `${sep} -s ${ip}/${ip.includes(':') ? 128 : 32} -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
      `${sep} -p ${protocol} -m comment --comment "${name}" -m ${protocol} -j DNAT --to-destination ${text}`,
    );
  });
}
