/** For each service and backend of a real cluster: one way, as likely as its share of the endpoints says, in each mode of kube-proxy. */
import { describe, expect, test } from 'vitest';
import type { RulePacket } from '../../../src/rules/packet.ts';
import type { Ruleset } from '../../../src/rules/ruleset.ts';
import { walk } from '../../../src/rules/walk.ts';
import type { Ends } from '../../../src/rules/way.ts';
import {
  type Node,
  recordedNodes,
  recordedRules,
  recordedText,
  typeAt,
} from '../../helpers/recorded-rules.ts';

interface ServicePort {
  readonly name: string;
  readonly family: 4 | 6;
  readonly ip: string;
  readonly proto: string;
  readonly port: number;
  readonly backends: readonly Ends[];
}

/** By the comments of kube-proxy's own rules, read without the reader that is tested. */
function servicesOf(mode: string, node: Node): ServicePort[] {
  const legacy = mode === 'iptables-legacy' ? '-legacy' : '';
  return (['iptables', 'ip6tables'] as const).flatMap(tool => {
    const text = recordedText(mode, node, `${tool}${legacy}-save.txt`) ?? '';
    const services = text.matchAll(
      /-A KUBE-SERVICES -d (\S+)\/\d+ -p (\w+) .*"(\S+) cluster IP" .*--dport (\d+) -j (KUBE-SV[CL]-\w+)/g,
    );
    return [...services].map(([, ip = '', proto = '', name = '', port, chain]) => ({
      name,
      family: tool === 'iptables' ? (4 as const) : (6 as const),
      ip,
      proto,
      port: Number(port),
      backends: backendsOf(text, chain ?? ''),
    }));
  });
}

function backendsOf(text: string, chain: string): Ends[] {
  const found = [...text.matchAll(new RegExp(`-A ${chain} .*"\\S+ -> (\\S+):(\\d+)"`, 'g'))];
  const ends = new Map(
    found.map(([, ip = '', port]) => [`${ip} ${port}`, { ip: ip.replace(/[[\]]/g, ''), port: Number(port) }]),
  );
  return [...ends.values()];
}

function packetTo({ family, ip, proto, port }: ServicePort, node: Node): RulePacket {
  const src = family === 4 ? '10.244.0.3' : 'fd00:10:244::3';
  const ends = { src, sport: 41000, dst: ip, dport: port };
  return {
    family,
    proto,
    ...ends,
    iif: 'cni0',
    mark: 0,
    ctState: 'new',
    ctNat: [],
    isForwarded: true,
    typeOf: typeAt(node),
  };
}

function waysTo(ruleset: Ruleset, service: ServicePort, to: Ends, node: Node) {
  const packet = packetTo(service, node);
  return walk({ ruleset, hook: 'prerouting', packet, known: { kind: 'dnat', to }, asksNat: true }).ways;
}

const modes = ['iptables-nft', 'iptables-legacy', 'kindnet-iptables'] as const;
const cases = [
  ...modes.flatMap(mode => recordedNodes.map(node => ({ mode, from: mode as string, node }))),
  // The same services and pods, in kube-proxy's nftables mode.
  ...recordedNodes.map(node => ({ mode: 'nftables', from: 'iptables-nft', node })),
  ...recordedNodes.map(node => ({ mode: 'kindnet-nftables', from: 'kindnet-iptables', node })),
];

describe.each(cases)('$mode on $node', ({ mode, from, node }) => {
  const rules = recordedRules(mode, node);
  const services = servicesOf(from, node).filter(({ backends }) => backends.length > 0);

  test('there are services of both families', () => {
    expect(services.filter(({ family }) => family === 4).length).toBeGreaterThan(15);
    expect(services.filter(({ family }) => family === 6).length).toBeGreaterThan(0);
  });

  test.each(services.map(service => [`${service.name} ${service.ip}`, service] as const))(
    '%s',
    (_, service) => {
      for (const to of service.backends) {
        const ways = waysTo(rules, service, to, node);
        const sure = ways.filter(({ unsure }) => unsure.every(text => text.startsWith('not: ')));
        expect(
          sure.map(way => way.decidedBy?.chain.name),
          to.ip,
        ).toHaveLength(1);
        expect(sure[0]!.share).toBeCloseTo(1 / service.backends.length, 6);
        // Session affinity is the only other way.
        expect(ways.length > 1).toBe(service.name.startsWith('default/nginx-affinity'));
      }
    },
  );

  test('an address that is no backend has no way', () => {
    for (const service of services)
      expect(waysTo(rules, service, { ip: '10.244.9.9', port: 1 }, node)).toEqual([]);
  });
});
