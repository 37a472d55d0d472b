/** Configuration of the lab's two dnsmasq servers and the files that a pod finds in /etc. Pure text. */
import { dnsServiceIp, type LabPlan, type LabPod, outsideIp } from './plan.ts';
import { labServices } from './services.ts';

const domain = 'cluster.local';

/** What is the same for both: no files of the machine, no user to change to, no pid file. */
const frame = [
  'no-resolv',
  'no-hosts',
  'keep-in-foreground',
  'user=root',
  'pid-file',
  'bind-interfaces',
  'local-ttl=30',
  'log-facility=-',
];

/** CoreDNS's part: services and pods by name, NXDOMAIN for what the cluster does not have, the rest from outside. */
export function clusterDnsConf(plan: LabPlan): string {
  const services = labServices(plan).flatMap(service =>
    service.clusterIps.map(ip => `host-record=${service.name}.${service.namespace}.svc.${domain},${ip}`),
  );
  const pods = plan.pods.map(
    pod => `host-record=${pod.ip.replaceAll('.', '-')}.${pod.namespace}.pod.${domain},${pod.ip}`,
  );
  return [...frame, `local=/${domain}/`, `server=${outsideIp}`, ...services, ...pods, ''].join('\n');
}

/** The Internet's part: one domain, and NXDOMAIN for every other name. */
export function outsideDnsConf(): string {
  return [...frame, 'local=/#/', `address=/example.com/${outsideIp}`, ''].join('\n');
}

/** As kubelet writes it with dnsPolicy ClusterFirst. */
export function podResolvConf(pod: Pick<LabPod, 'namespace'>): string {
  return `search ${pod.namespace}.svc.${domain} svc.${domain} ${domain}\nnameserver ${dnsServiceIp}\noptions ndots:5\n`;
}

export function podHosts(pod: Pick<LabPod, 'ip' | 'ip6' | 'name'>): string {
  return `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${pod.ip}\t${pod.name}\n${pod.ip6}\t${pod.name}\n`;
}

/** The machine's own, but with files and DNS alone: its resolver services (systemd-resolved, mDNS) know nothing of the lab. */
export function podNsswitch(ofMachine: string): string {
  const hosts = 'hosts: files dns';
  return /^hosts:/m.test(ofMachine) ? ofMachine.replace(/^hosts:.*$/m, hosts) : `${ofMachine}${hosts}\n`;
}
