import { describe, expect, test } from 'vitest';
import { traceMatches } from '../../../src/collect/rule-traces.ts';
import { isDropVisit, isSamePath, tracedRule } from '../../../src/engine/traced-rule.ts';
import { RuleTraceBook } from '../../../src/rules/rule-trace.ts';
import { recordedTraces } from '../../helpers/recorded-rules.ts';

const packet = { src: '10.244.0.3', dst: '10.96.100.10', sport: 43_000, dport: 80 };
const headers =
  'iif "cni0" ether saddr 00:00:00:00:00:01 ip saddr 10.244.0.3 ip daddr 10.96.100.10 ip dscp cs0 ip id 7 ip length 60 tcp sport 43000 tcp dport 80 tcp flags == syn';
const text = [
  `trace id 12ab ip nat PREROUTING packet: ${headers}`,
  'trace id 12ab ip nat PREROUTING rule counter packets 5 bytes 300 jump KUBE-SERVICES (verdict jump KUBE-SERVICES)',
  'trace id 12ab ip nat KUBE-SERVICES rule ip daddr 10.96.100.10 counter packets 1 bytes 60 xt target "DNAT" (verdict accept)',
  `trace id 12ab ip filter FORWARD packet: ${headers}`,
  'trace id 12ab ip filter FORWARD policy drop',
  `trace id 12ab inet tracer_12 prerouting packet: ${headers}`,
  'trace id 12ab inet tracer_12 prerouting rule meta nftrace set 1 (verdict continue)',
  'trace id 77 ip filter FORWARD verdict accept',
  '',
].join('\n');

function bookOf(chunk: string): RuleTraceBook {
  const book = new RuleTraceBook(table => table.startsWith('tracer_'));
  book.add(chunk);
  return book;
}

describe('what the kernel tells of its rules', () => {
  const visits = bookOf(text).of(packet);

  test('is one visit a base chain, newest first, without our own table', () => {
    expect(
      visits.map(({ table, met }) => [table, met.map(({ chain, verdict }) => `${chain} ${verdict}`)]),
    ).toEqual([
      ['filter', ['FORWARD drop']],
      ['nat', ['PREROUTING jump KUBE-SERVICES', 'KUBE-SERVICES accept']],
    ]);
    expect(visits.map(isDropVisit)).toEqual([true, false]);
  });

  test('belongs to the packet with these addresses and ports alone', () => {
    expect(bookOf(text).of({ ...packet, sport: 43_001 })).toEqual([]);
    expect(bookOf(text).of({ src: packet.dst, dst: packet.src, sport: 80, dport: 43_000 })).toEqual([]);
  });

  test('that breaks off is not used', () => {
    expect(bookOf(text.split('\n').slice(0, 2).join('\n')).of(packet)).toEqual([]);
  });

  test('is compared rule by rule: a translation accepts', () => {
    const path = [
      { chain: 'PREROUTING', text: 'a', verdict: 'jump KUBE-SERVICES' },
      { chain: 'KUBE-SERVICES', text: 'b', verdict: 'dnat' },
    ];
    const nat = visits[1]!;
    expect(isSamePath(path, nat)).toBe(true);
    expect(isSamePath(path.slice(1), nat)).toBe(false);
    expect(isSamePath([path[0]!, { ...path[1]!, chain: 'KUBE-NODEPORTS' }], nat)).toBe(false);
    expect(isSamePath([path[0]!, { ...path[1]!, verdict: 'return' }], nat)).toBe(false);
  });

  test('stands for itself where nothing was computed, without counts', () => {
    expect(tracedRule(visits[0]!, '5')).toMatchObject({
      chain: 'FORWARD',
      text: 'policy drop',
      basis: 'traced',
    });
    expect(tracedRule(visits[1]!, '5').text).toBe('ip daddr 10.96.100.10 xt target "DNAT"');
  });

  test('is read whole from a recording of a real cluster', () => {
    const { text: recorded } = recordedTraces('iptables-nft').find(({ name }) => name === 'clusterip')!;
    const nat = bookOf(recorded)
      .of(packet)
      .filter(({ table }) => table === 'nat');
    expect(nat.map(({ met }) => met.at(-1)?.verdict)).toContain('accept');
    expect(nat.flatMap(({ met }) => met.map(({ chain }) => chain)).join(' ')).toMatch(
      /PREROUTING KUBE-SERVICES .*KUBE-SEP-/,
    );
  });
});

describe('what is marked for it', () => {
  test('both directions, of each family that both sides have', () => {
    expect(
      traceMatches([{ proto: 'tcp', a: { ips: ['10.0.0.1', 'fd00::1'] }, b: { ips: ['10.0.1.0/24'] } }]),
    ).toEqual([
      'ip saddr { 10.0.0.1 } ip daddr { 10.0.1.0/24 }',
      'ip saddr { 10.0.1.0/24 } ip daddr { 10.0.0.1 }',
    ]);
  });

  test('one side may be any; nothing is marked where both are, or a side has no address', () => {
    expect(traceMatches([{ proto: 'any', a: { any: true }, b: { ips: ['fd00::1'] } }])).toEqual([
      'ip6 daddr { fd00::1 }',
      'ip6 saddr { fd00::1 }',
    ]);
    expect(traceMatches([{ proto: 'any', a: { any: true }, b: { any: true } }])).toEqual([]);
    expect(traceMatches([{ proto: 'any', a: { netns: ['5'] }, b: { any: true } }])).toEqual([]);
  });
});
