import { describe, expect, test } from 'vitest';
import { readIptablesSave } from '../../../src/rules/iptables-save.ts';
import { readNftJson } from '../../../src/rules/nft-json.ts';
import type { RulePacket } from '../../../src/rules/packet.ts';
import type { HookName, Ruleset } from '../../../src/rules/ruleset.ts';
import { walk } from '../../../src/rules/walk.ts';
import type { Known } from '../../../src/rules/way.ts';
import { wayWords } from '../../../src/rules/words.ts';
import { recordedRules, typeAt } from '../../helpers/recorded-rules.ts';

const pod: RulePacket = {
  family: 4,
  proto: 'tcp',
  src: '10.244.0.3',
  dst: '10.96.100.10',
  sport: 41000,
  dport: 80,
  iif: 'cni0',
  mark: 0,
  ctState: 'new',
  ctNat: [],
  isForwarded: true,
  typeOf: typeAt('k8s-cp'),
};
const host: RulePacket = { ...pod, src: '172.18.0.1', dst: '172.18.0.2', iif: 'eth0' };

function wordsOf(ruleset: Ruleset, hook: HookName, packet: RulePacket, known: Known): (string | undefined)[] {
  return walk({ ruleset, hook, packet, known, asksNat: true }).ways.map(wayWords);
}

const to = (ip: string, port = 8080): Known => ({ kind: 'dnat', to: { ip, port } });
const dropped: Known = { kind: 'dropped' };

describe.each(['iptables-nft', 'iptables-legacy', 'nftables'])('of a real node, %s', mode => {
  const rules = recordedRules(mode, 'k8s-cp');
  const said = (packet: RulePacket, known: Known, hook: HookName = 'prerouting'): (string | undefined)[] =>
    wordsOf(rules, hook, packet, known);

  test('a cluster address', () => {
    expect(said(pod, to('10.244.1.4'))).toEqual(['default/nginx-service:http, 1 of 3 endpoints, p=0.333']);
  });

  test('a service with one endpoint', () => {
    expect(said({ ...pod, dst: '10.96.0.1', dport: 443 }, to('172.18.0.2', 6443))).toEqual([
      'default/kubernetes:https, its only endpoint',
    ]);
  });

  test('a node port is marked to be masqueraded', () => {
    expect(said({ ...host, dport: 30080 }, to('10.244.1.4'))).toEqual([
      'default/nginx-nodeport:http, asked by its node port, 1 of 3 endpoints, p=0.333, marked to be masqueraded',
    ]);
  });

  test('session affinity may have chosen', () => {
    const words = said({ ...pod, dst: '10.96.100.15' }, to('10.244.1.4'));
    expect(words).toHaveLength(2);
    expect(words.join('; ')).toContain('by session affinity (ClientIP)');
    expect(words.join('; ')).toContain('if session affinity did not choose it');
  });
});

describe('what a node rejects', () => {
  test.each(['iptables-nft', 'iptables-legacy'])('no endpoints, %s', mode => {
    const packet = { ...pod, dst: '10.96.100.20', oif: 'eth0' };
    expect(wordsOf(recordedRules(mode, 'k8s-cp'), 'forward', packet, dropped)).toEqual([
      'default/no-endpoints:http has no ready endpoints',
    ]);
  });

  test('no endpoints, nftables', () => {
    const packet = { ...pod, dst: '10.96.100.20', oif: 'eth0' };
    expect(wordsOf(recordedRules('nftables', 'k8s-cp'), 'forward', packet, dropped)).toEqual([
      'the service has no ready endpoints',
    ]);
  });

  test('a sender out of the source ranges', () => {
    const packet = { ...pod, src: '9.9.9.9', dst: '172.18.255.200', oif: 'eth0' };
    expect(wordsOf(recordedRules('iptables-nft', 'k8s-cp'), 'forward', packet, dropped)).toEqual([
      'default/nginx-lb:http: the sender is not in its loadBalancerSourceRanges',
    ]);
  });

  test('a policy in a chain of its own', () => {
    const packet = { ...pod, src: '10.244.0.4', dst: '10.244.1.5', dport: 8080, iif: 'eth0', oif: 'cni0' };
    expect(wordsOf(recordedRules('iptables-nft', 'k8s-w1'), 'forward', packet, dropped)).toEqual([
      'policy default/deny-denied: from pod default/pod-denied to pod default/nginx-2',
    ]);
  });
});

describe('masquerade', () => {
  const out = { ...pod, dst: '9.9.9.9', iif: 'cni0', oif: 'eth0' };
  const known: Known = { kind: 'snat', to: { ip: '172.18.0.2' } };

  test.each([
    ['iptables-nft', 'flannel masquerades what leaves the pod network'],
    ['kindnet-iptables', 'kindnet masquerades what leaves the pod network'],
  ])('%s', (mode, words) => {
    const ways = wordsOf(recordedRules(mode, 'k8s-cp'), 'postrouting', out, known);
    expect([...new Set(ways)]).toEqual([words]);
  });

  test('what was marked', () => {
    const packet = { ...out, dst: '10.244.1.4', mark: 0x4000 };
    const [words] = wordsOf(recordedRules('iptables-nft', 'k8s-cp'), 'postrouting', packet, known);
    expect(words).toBe('kube-proxy masquerades what was marked (0x4000), or comes back to its sender');
  });
});

test('a queue waits for a user-space verdict', () => {
  const text =
    '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -d 10.244.1.4/32 -j NFQUEUE --queue-num 100 --queue-bypass\nCOMMIT\n';
  const ruleset = { tables: readIptablesSave(text, 'ip', 'iptables-nft').tables };
  const packet = { ...pod, dst: '10.244.1.4' };
  expect(wordsOf(ruleset, 'forward', packet, dropped)).toEqual(['waits for a user-space verdict, queue 100']);
});

test('a policy of drop says that no rule took it', () => {
  const chain = {
    family: 'inet',
    table: 't',
    name: 'in',
    handle: 1,
    type: 'filter',
    hook: 'input',
    prio: 0,
    policy: 'drop',
  };
  const { tables } = readNftJson({
    nftables: [{ table: { family: 'inet', name: 't', handle: 1 } }, { chain }],
  });
  expect(wordsOf({ tables }, 'input', pod, dropped)).toEqual(['no rule took it: the policy of in is drop']);
});
