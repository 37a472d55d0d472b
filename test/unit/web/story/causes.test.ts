import { describe, expect, test } from 'vitest';
import type { Hop, RuleRef } from '../../../../src/model/journey.ts';
import { causesOf, ruleCause } from '../../../../web/panels/story/causes.ts';
import { journeyOf, recordedPage } from '../recorded-page.ts';

const page = recordedPage('flannel');
const syn = journeyOf(page, ({ summary, flow }) => summary === 'SYN' && flow === '1');
const acrossNodes = journeyOf(page, ({ summary, flow }) => summary === 'SYN' && flow === '2');
const told = (hop: Hop): Record<string, string> =>
  Object.fromEntries(causesOf(hop, hop.rule).map(({ what, text }) => [what, text]));

describe('what caused a hop', () => {
  test('a rewrite: the rule, and the entry that conntrack keeps', () => {
    const hop = syn.hops.find(({ changes }) => changes.some(({ by }) => by === 'dnat'))!;
    const rule: RuleRef = {
      table: 'nat',
      chain: 'KUBE-SEP-X',
      text: '-j DNAT',
      comment: 'default/nginx-service:http',
      path: [
        { chain: 'PREROUTING', text: '-j KUBE-SEP-X', verdict: 'jump KUBE-SEP-X' },
        { chain: 'KUBE-SEP-X', text: '-j DNAT', verdict: 'dnat' },
      ],
      basis: 'computed',
      readNs: '0',
    };
    expect(causesOf(hop, rule).slice(0, 2)).toEqual([
      { what: 'rule before', text: 'nat PREROUTING: -j KUBE-SEP-X', note: 'jump KUBE-SEP-X' },
      { what: 'rule', text: 'nat KUBE-SEP-X: -j DNAT', note: 'default/nginx-service:http' },
    ]);
    expect(ruleCause({ ...rule, words: '1 of 3 endpoints', basis: 'possible' }).note).toBe(
      'perhaps: others could have done the same; 1 of 3 endpoints',
    );
    expect(told(hop).conntrack).toMatch(
      /^10\.244\.1\.5:\d+ → 10\.96\.45\.123:80, answers 10\.244\.1\.6:8080 → 10\.244\.1\.5:\d+$/,
    );
  });

  test('a forwarded packet: the route with its table', () => {
    const hop = acrossNodes.hops.find(({ route }) => route !== undefined)!;
    expect(causesOf(hop, undefined)).toContainEqual({
      what: 'route',
      text: '10.244.2.0/24 via 10.244.2.0 dev flannel.1',
      note: 'table main',
    });
  });

  test('a wrapped one: the tunnel', () => {
    const hop = acrossNodes.hops.find(({ stage }) => stage === 'encap')!;
    expect(told(hop).tunnel).toBe('vxlan 1 172.18.0.2 → 172.18.0.3');
  });

  test('nothing known, nothing said', () => {
    const { index, offsetNs, layer, stage, netns, text } = syn.hops[0]!;
    expect(causesOf({ index, offsetNs, layer, stage, netns, text, changes: [] }, undefined)).toEqual([]);
  });
});
