/** Rules of a real two-node cluster, as they were recorded there (test/fixtures/rules). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readIptablesSave } from '../../src/rules/iptables-save.ts';
import { readNftJson, tableOrder } from '../../src/rules/nft-json.ts';
import type { AddressType } from '../../src/rules/packet.ts';
import type { Ruleset, Table } from '../../src/rules/ruleset.ts';

const folder = new URL('../fixtures/rules/', import.meta.url);

export type Node = 'k8s-cp' | 'k8s-w1';
export const recordedNodes: readonly Node[] = ['k8s-cp', 'k8s-w1'];

export function recordedText(mode: string, node: Node, file: string): string | undefined {
  const url = new URL(`${mode}/${node}/${file}`, folder);
  return existsSync(url) ? readFileSync(url, 'utf8') : undefined;
}

export function recordedRules(mode: string, node: Node): Ruleset {
  const dialect = mode === 'iptables-legacy' ? 'iptables-legacy' : 'iptables-nft';
  const prefix = dialect === 'iptables-legacy' ? '-legacy' : '';
  const json = JSON.parse(recordedText(mode, node, 'nft.json') ?? '{"nftables":[]}') as unknown;
  const order = tableOrder(json);
  const saved = (['ip', 'ip6'] as const).flatMap(family => {
    const tool = family === 'ip' ? 'iptables' : 'ip6tables';
    const text = recordedText(mode, node, `${tool}${prefix}-save.txt`) ?? '';
    return readIptablesSave(text, family, dialect, order).tables;
  });
  const known = new Set(saved.map(({ family, name }) => `${family} ${name}`));
  const others = new Set([...order.keys()].filter(name => !known.has(name)));
  return { tables: [...saved, ...readNftJson(json, others).tables] as Table[] };
}

export function recordedTraces(
  mode: string,
): { readonly name: string; readonly node: Node; readonly text: string }[] {
  const url = new URL(`${mode}/traces/`, folder);
  return readdirSync(url)
    .sort()
    .map(file => {
      const [name = '', node] = file.split('.');
      return { name, node: node as Node, text: readFileSync(new URL(file, url), 'utf8') };
    });
}

const own: Readonly<Record<Node, ReadonlySet<string>>> = {
  'k8s-cp': new Set(['172.18.0.2', '10.244.0.0', '10.244.0.1', 'fc00:f853:ccd:e793::2', 'fd00:10:244::1']),
  'k8s-w1': new Set(['172.18.0.3', '10.244.1.0', '10.244.1.1', 'fc00:f853:ccd:e793::3', 'fd00:10:244:1::1']),
};

export function typeAt(node: Node): (ip: string) => AddressType {
  return ip => (own[node].has(ip) || ip.startsWith('127.') ? 'local' : 'unicast');
}
