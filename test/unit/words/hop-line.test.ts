/** The few words of the compact form. */
import { describe, expect, test } from 'vitest';
import type { ChangeCause } from '../../../src/model/journey.ts';
import { rewriteText } from '../../../src/words/change-text.ts';
import type { HopFacts } from '../../../src/words/hop-facts.ts';
import { hopLine } from '../../../src/words/hop-line.ts';
import { hop } from '../explain/node.ts';

const ttl = [{ field: 'ttl', from: '64', to: '63', by: 'forward' }] as const;
const rewrite = (by: ChangeCause) => [
  { field: 'dst' as const, from: '10.0.0.1:80', to: '10.0.0.2:8080', by },
];

describe('a hop in a few words', () => {
  test.each<readonly [string, Partial<HopFacts>]>([
    ['out', {}],
    ['out → host vn1', { peer: { netns: 'host', dev: 'vn1' } }],
    ['out, to itself', { dev: 'lo' }],
    ['in', { stage: 'rx' }],
    ['back in', { stage: 'rx', dev: 'lo' }],
    ['merged into another packet by GRO', { stage: 'rx', hook: 'napi_gro_receive_exit' }],
    ['passes FORWARD', { layer: 'netfilter', stage: 'forward' }],
    [
      '10.0.0.1:80 → 10.0.0.2:8080 (DNAT)',
      { layer: 'netfilter', stage: 'prerouting', changes: rewrite('dnat') },
    ],
    ['forwarded, TTL 63', { layer: 'route', stage: 'lookup', changes: ttl }],
    [
      'routed: 10.244.2.0/24 via 10.244.2.0 dev flannel.1, TTL 63',
      {
        layer: 'route',
        stage: 'lookup',
        changes: ttl,
        route: { table: 'main', prefix: '10.244.2.0/24', via: '10.244.2.0', dev: 'flannel.1' },
      },
    ],
    [
      'routed: default on the link',
      { layer: 'route', stage: 'lookup', route: { table: 'main', prefix: '::/0' } },
    ],
    ['wrapped by eth0 (tunnel)', { layer: 'tunnel', stage: 'encap' }],
    ['unwrapped by eth0', { layer: 'tunnel', stage: 'decap' }],
    ['waits until the next hop tells its MAC address', { layer: 'neighbour', stage: 'lookup' }],
    ['the bridge forwards it to another port', { layer: 'bridge', stage: 'forward' }],
    ['dropped: no reason given', { layer: 'drop', stage: 'drop' }],
    ['taken by icmp_rcv', { layer: 'socket', stage: 'deliver', verdict: 'icmp_rcv' }],
    ['freed: QUEUE_PURGE in x', { layer: 'socket', stage: 'deliver', verdict: 'QUEUE_PURGE in x' }],
  ])('%s', (text, facts) => {
    expect(hopLine(hop(facts))).toBe(text);
  });

  test.each<readonly [ChangeCause, string]>([
    ['dnat', 'DNAT'],
    ['snat', 'SNAT'],
    ['masquerade', 'masquerade'],
    ['undnat', 'DNAT undone by conntrack'],
    ['unsnat', 'SNAT undone by conntrack'],
    ['bpf', 'rewritten by tc/eBPF'],
    ['unknown', 'rewritten, by what is not known'],
    ['ipvs', 'IPVS'],
    ['geneve', 'geneve'],
  ])('a rewrite by %s is told as %s', (by, words) => {
    expect(rewriteText(rewrite(by))).toBe(`10.0.0.1:80 → 10.0.0.2:8080 (${words})`);
  });

  test('other changes are no rewrite', () => {
    expect(rewriteText(ttl)).toBeUndefined();
  });
});
