import { describe, expect, it } from 'vitest';
import { requireTools } from '../../../src/lab/commands.ts';
import { clusterDnsConf, podHosts, podNsswitch, podResolvConf } from '../../../src/lab/dataplane/dns.ts';
import { labNetwork } from '../../../src/lab/dataplane/network.ts';
import { isLabName, labPlan, netnsPrefix } from '../../../src/lab/dataplane/plan.ts';
import { Rules } from '../../../src/lab/dataplane/rules.ts';
import { labServices } from '../../../src/lab/dataplane/services.ts';
import { labSnapshot } from '../../../src/lab/dataplane/snapshot.ts';
import { enterArgv } from '../../../src/lab/enter.ts';

const cnis = ['flannel', 'kindnet'] as const;

describe('the tools', () => {
  it('are missed all at once, with the packages that bring them', () => {
    const error = expect.objectContaining({
      code: 'LAB_TOOL',
      message: expect.stringMatching(/ip, bridge, .*dnsmasq/),
      hint: expect.stringMatching(/^apt-get install iproute2 .*dnsmasq-base/),
    });
    expect(() => requireTools('/no/such/folder')).toThrow(error);
  });
});

describe('the plan', () => {
  it.each(cnis)('gives every namespace of %s a name of the lab and addresses of its own', cni => {
    const plan = labPlan('x', cni);
    const all = [plan.host, plan.outside, ...plan.nodes, ...plan.pods];
    expect(all.every(each => each.netns.startsWith('lab-x-'))).toBe(true);
    for (const key of ['netns', 'ip', 'ip6'] as const)
      expect(new Set(all.map(each => each[key])).size).toBe(all.length);
    for (const pod of plan.pods) {
      const node = plan.nodes.find(each => each.name === pod.node)!;
      expect(pod.ip.startsWith(node.podCidr.replace('0/24', ''))).toBe(true);
      expect(pod.ip6.startsWith(node.podCidr6.replace('/64', ''))).toBe(true);
      expect(pod.veth.length).toBeLessThan(16);
    }
  });

  it('has the addresses that the documentation speaks of', () => {
    const plan = labPlan('default', 'flannel');
    const ips = Object.fromEntries(plan.pods.map(pod => [pod.name, pod.ip]));
    expect(ips).toMatchObject({
      'pod-a': '10.244.1.5',
      'nginx-1': '10.244.1.6',
      'nginx-2': '10.244.2.7',
      'nginx-3': '10.244.2.8',
    });
    expect(plan.nodes.map(node => [node.netns, node.ip])).toEqual([
      ['lab-default-node-1', '172.18.0.2'],
      ['lab-default-node-2', '172.18.0.3'],
    ]);
    const services = Object.fromEntries(
      labServices(plan).map(service => [service.name, service.clusterIps[0]]),
    );
    expect(services).toMatchObject({
      'nginx-service': '10.96.45.123',
      'kube-dns': '10.96.0.10',
      kubernetes: '10.96.0.1',
    });
  });

  it('takes only names of which no prefix can begin another', () => {
    expect(['default', 'a', '2nd', 'abcdefghijklmnop'].every(isLabName)).toBe(true);
    expect(['', 'a-b', 'A', '../x', 'abcdefghijklmnopq', 'a b'].some(isLabName)).toBe(false);
    expect(netnsPrefix('ab').startsWith(netnsPrefix('a'))).toBe(false);
  });
});

describe('the network', () => {
  it.each(cnis)('with %s touches only namespaces of the lab', cni => {
    const setups = labNetwork(labPlan('x', cni), true);
    const names = new Set(setups.map(setup => setup.netns));
    for (const line of setups.flatMap(setup => [...setup.ip, ...setup.ip6])) {
      if (/type veth/.test(line)) expect(names).toContain(/peer .* netns (\S+)$/.exec(line)?.[1]);
      else expect(line).not.toContain('netns');
    }
  });

  it.each(cnis)('with %s works without IPv6', cni => {
    const setups = labNetwork(labPlan('x', cni), false);
    for (const setup of setups) {
      expect([...setup.sysctls, ...setup.ip, ...(setup.fdb ?? [])].join('\n')).not.toMatch(
        /ipv6|ip6|::|flannel-v6/,
      );
    }
  });

  it('keeps pods without any rule, which would turn on conntrack in them', () => {
    const setups = labNetwork(labPlan('x', 'flannel'), true).filter(setup => setup.stage === 2);
    expect(setups).toHaveLength(7);
    expect(setups.map(setup => setup.rules + setup.rules6).join('')).toBe('');
  });
});

describe('rules', () => {
  it('declares chains once, built-in ones with a policy', () => {
    const rules = new Rules(4);
    rules.chain('nat', 'EMPTY');
    rules.add('nat', 'POSTROUTING -j OWN', 'OWN -j RETURN', 'OWN -j ACCEPT');
    expect(rules.text().split('\n')).toEqual([
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ':EMPTY - [0:0]',
      ':OWN - [0:0]',
      '-A POSTROUTING -j OWN',
      '-A OWN -j RETURN',
      '-A OWN -j ACCEPT',
      'COMMIT',
      '',
    ]);
    expect(new Rules(6).text()).toBe('');
  });
});

describe('what a pod sees', () => {
  const plan = labPlan('x', 'flannel');
  const pod = plan.pods.find(each => each.name === 'pod-a')!;

  it("has kubelet's resolv.conf, its own hosts, and looks names up in files and DNS alone", () => {
    expect(podResolvConf(pod)).toBe(
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    );
    expect(podHosts(pod)).toContain('10.244.1.5\tpod-a\n');
    expect(
      podNsswitch('passwd: files systemd\nhosts: mymachines resolve [!UNAVAIL=return] dns\ngroup: files\n'),
    ).toBe('passwd: files systemd\nhosts: files dns\ngroup: files\n');
    expect(podNsswitch('')).toBe('hosts: files dns\n');
  });

  it('finds services and pods by name, and only forwards what is not of the cluster', () => {
    const conf = clusterDnsConf(plan).split('\n');
    expect(conf).toEqual(
      expect.arrayContaining([
        'host-record=nginx-service.default.svc.cluster.local,10.96.45.123',
        'host-record=10-244-1-5.default.pod.cluster.local,10.244.1.5',
        'local=/cluster.local/',
        'server=203.0.113.10',
      ]),
    );
  });

  it('is entered by one chain of commands that ends in the command itself', () => {
    const argv = enterArgv({ netns: 'lab-x-pod-a', hostname: 'pod-a', etc: '/etc/of/pod-a' }, [
      'curl',
      '-s',
      'a b',
    ]);
    expect(argv.slice(0, 3)).toEqual(['nsenter', '--net=/run/netns/lab-x-pod-a', '--']);
    expect(argv.slice(-6)).toEqual(['/etc/of/pod-a', 'pod-a', '0', 'curl', '-s', 'a b']);
    expect(enterArgv({ netns: 'n', user: { uid: 5, gid: 6 } }, ['id']).slice(-9)).toEqual([
      '-',
      '-',
      '0',
      'setpriv',
      '--reuid=5',
      '--regid=6',
      '--init-groups',
      '--',
      'id',
    ]);
    const other = enterArgv({ netns: '/proc/5/ns/net', files: { hosts: '::1 x\n' } }, ['id']);
    expect(other[1]).toBe('--net=/proc/5/ns/net');
    expect(other.slice(-6)).toEqual(['-', '-', '1', 'hosts', '::1 x\n', 'id']);
  });
});

describe('the snapshot', () => {
  it('leaves out what is not known', () => {
    const plan = labPlan('x', 'kindnet');
    const cookies = new Map([['lab-x-pod-a', '4711']]);
    const snapshot = labSnapshot(plan, { ipv6: false, cookies, resolvConf: pod => `/etc/${pod.name}` });
    expect(snapshot).toMatchObject({ name: 'lab:x', cni: 'kindnet' });
    expect(snapshot.pods.find(pod => pod.name === 'pod-a')).toMatchObject({
      ips: ['10.244.1.5'],
      netnsCookie: '4711',
      netnsName: 'lab-x-pod-a',
    });
    expect(snapshot.nodes[0]).not.toHaveProperty('netnsCookie');
    expect(snapshot.pods.find(pod => pod.name === 'two-containers')?.containers).toEqual(['web', 'sidecar']);
    expect(snapshot.machines.map(machine => [machine.name, machine.kind])).toEqual([
      ['host', 'host'],
      ['outside', 'external'],
    ]);
  });
});
