import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeFlannelRules } from '../../../src/lab/dataplane/flannel.ts';
import { writeKindnetRules } from '../../../src/lab/dataplane/kindnet.ts';
import { endpointChain, serviceChain, writeKubeProxyRules } from '../../../src/lab/dataplane/kube-proxy.ts';
import { labPlan } from '../../../src/lab/dataplane/plan.ts';
import { Rules } from '../../../src/lab/dataplane/rules.ts';
import type { ClusterService, ClusterServicePort } from '../../../src/model/inventory.ts';

/** Chains of one table of an `iptables-save`, rules in order, without counters and without what kube-proxy may leave out. */
function chains(save: string, table: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let current = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) current = line.slice(1);
    if (current !== table) continue;
    const declared = /^:(\S+)/.exec(line)?.[1];
    if (declared !== undefined) found.set(declared, []);
    const rule = /^-A (\S+) (.*)$/.exec(line);
    if (rule === null) continue;
    const list = found.get(rule[1]!) ?? [];
    found.set(rule[1]!, list);
    list.push(normal(rule[2]!));
  }
  return found;
}

function normal(rule: string): string {
  return rule.replace(/-m nfacct --nfacct-name {2}\S+ /, '').replace(/(--probability 0\.\d{5})\d*/, '$1');
}

function recording(name: string): string {
  return readFileSync(new URL(`fixtures/${name}-save.txt`, import.meta.url), 'utf8');
}

interface Recorded {
  readonly name: string;
  readonly ips: readonly string[];
  readonly endpoints: readonly string[];
  readonly port?: Partial<ClusterServicePort>;
  readonly namespace?: string;
}

function service({ name, ips, endpoints, port = {}, namespace = 'default' }: Recorded): ClusterService {
  const target =
    port.port === undefined ? 8080 : ({ 443: 6443, 53: 53 } as Record<number, number>)[port.port]!;
  return {
    namespace,
    name,
    type: 'ClusterIP',
    clusterIps: ips,
    externalIps: [],
    loadBalancerIps: [],
    ports: [
      {
        name: 'http',
        protocol: 'tcp',
        port: 80,
        ...port,
        endpoints: endpoints.map(ip => ({ ip, port: target })),
      },
    ],
  };
}

// The recorded cluster's own addresses, in an order that is not the one that kube-proxy writes.
const nginx = ['10.244.1.5', '10.244.0.6', '10.244.1.4'];
const services: ClusterService[] = [
  service({
    name: 'kubernetes',
    ips: ['10.96.0.1'],
    endpoints: ['172.18.0.2'],
    port: { name: 'https', port: 443 },
  }),
  service({ name: 'nginx-service', ips: ['10.96.100.10'], endpoints: nginx }),
  service({ name: 'nginx-nodeport', ips: ['10.96.100.11'], endpoints: nginx, port: { nodePort: 30080 } }),
  service({ name: 'no-endpoints', ips: ['10.96.100.20'], endpoints: [] }),
  service({
    namespace: 'kube-system',
    name: 'kube-dns',
    ips: ['10.96.0.10'],
    endpoints: ['10.244.0.2', '10.244.1.2'],
    port: { name: 'dns', protocol: 'udp', port: 53 },
  }),
];
const services6 = [
  service({
    name: 'nginx-dual',
    ips: ['10.96.100.17', 'fd00:10:96::6417'],
    endpoints: ['fd00:10:244::6', 'fd00:10:244:1::4', 'fd00:10:244:1::5'],
  }),
];

/** Where the recorded node has rules that the lab has no use for (host ports): ours are there, in the same order. */
const partly = new Set(['PREROUTING', 'OUTPUT', 'POSTROUTING']);
/** Services come in no order (kube-proxy walks a Go map): ours are there. */
const unordered = new Set([
  'KUBE-SERVICES',
  'KUBE-NODEPORTS',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-PROXY-FIREWALL',
]);

function expectAsRecorded(rules: Rules, save: string): void {
  const written = rules.text();
  let compared = 0;
  for (const table of ['mangle', 'filter', 'nat']) {
    const real = chains(save, table);
    for (const [chain, ours] of chains(written, table)) {
      const theirs = real.get(chain);
      expect(theirs, `${table} ${chain} is no chain of the recording`).toBeDefined();
      if (unordered.has(chain)) expect(theirs, `${table} ${chain}`).toEqual(expect.arrayContaining(ours));
      else if (partly.has(chain))
        expect(
          theirs!.filter(rule => ours.includes(rule)),
          `${table} ${chain}`,
        ).toEqual(ours);
      else expect(theirs, `${table} ${chain}`).toEqual(ours);
      compared += ours.length;
    }
  }
  expect(compared).toBeGreaterThan(30);
}

describe('kube-proxy rules', () => {
  it('names chains as kube-proxy does', () => {
    expect(serviceChain('SVC', 'default/nginx-service:http', 'tcp')).toBe('KUBE-SVC-6IM33IEVEEV7U3GP');
    expect(serviceChain('EXT', 'default/nginx-nodeport:http', 'tcp')).toBe('KUBE-EXT-NX3A3B4B5B3WMIRB');
    expect(endpointChain('default/nginx-service:http', 'tcp', '10.244.1.5:8080')).toBe(
      'KUBE-SEP-24MTV4ALQQO6KDDW',
    );
    expect(endpointChain('default/nginx-dual:http', 'tcp', '[fd00:10:244::6]:8080')).toBe(
      'KUBE-SEP-4ARSUD3LDDGL5LMM',
    );
  });

  it('writes what a real node with flannel has', () => {
    const rules = new Rules(4);
    writeKubeProxyRules(rules, services);
    writeFlannelRules(rules, { ...labPlan('x', 'flannel').nodes[0]!, podCidr: '10.244.0.0/24' });
    expectAsRecorded(rules, recording('flannel-iptables'));
  });

  it('writes what a real node with kindnet has', () => {
    const rules = new Rules(4);
    writeKubeProxyRules(rules, services.slice(0, 1));
    writeKindnetRules(rules);
    expectAsRecorded(rules, recording('kindnet-iptables'));
  });

  it('writes the IPv6 rules of a real node', () => {
    const flannel = new Rules(6);
    writeKubeProxyRules(flannel, services6);
    writeFlannelRules(flannel, { ...labPlan('x', 'flannel').nodes[0]!, podCidr6: 'fd00:10:244::/64' });
    // kubelet's own rule stands first here and last in IPv4: whoever started later.
    const [input, output] = ['-A INPUT -j KUBE-FIREWALL\n', '-A OUTPUT -j KUBE-FIREWALL\n'];
    const save = recording('flannel-ip6tables')
      .replace(input, '')
      .replace(output, '')
      .replace('-A FORWARD', `${input}-A FORWARD`)
      .replace('-A FLANNEL-FWD', `${output}-A FLANNEL-FWD`);
    expectAsRecorded(flannel, save);
    const kindnet = new Rules(6);
    writeKindnetRules(kindnet);
    expect(chains(kindnet.text(), 'nat').get('KIND-MASQ-AGENT')).toEqual(
      chains(recording('kindnet-ip6tables'), 'nat').get('KIND-MASQ-AGENT'),
    );
  });

  it('ends KUBE-SERVICES with the node ports, and masks a service without endpoints from nat', () => {
    const rules = new Rules(4);
    writeKubeProxyRules(rules, services);
    expect(chains(rules.text(), 'nat').get('KUBE-SERVICES')!.at(-1)).toContain('-j KUBE-NODEPORTS');
    expect(rules.text()).not.toContain('no-endpoints:http cluster IP');
  });
});
