/** Every kind of hop in one line for a beginner, and the command that shows the same by hand. */
import { describe, expect, test } from 'vitest';
import { hopStory, rewriteText } from '../../../src/explain/hop-text.ts';
import type { ChangeCause, Hop } from '../../../src/model/journey.ts';

type HopFacts = Omit<Hop, 'index' | 'text' | 'command'>;

const hop = (facts: Partial<HopFacts>): HopFacts => ({
  offsetNs: 0,
  layer: 'device',
  stage: 'tx',
  netns: { cookie: '1', inode: 2, name: 'lab-node-1' },
  dev: 'eth0',
  changes: [],
  ...facts,
});

const story = (facts: Partial<HopFacts>, before?: HopFacts) => hopStory(hop(facts), before, 'node-1');
const tuple = { proto: 'tcp', src: '10.244.1.5', sport: 5, dst: '10.96.45.123', dport: 80 };
const rewrite = (field: 'src' | 'dst', by: ChangeCause) => [
  { field, from: '10.0.0.1:80', to: '10.0.0.2:8080', by },
];

describe('text', () => {
  test.each<readonly [string, Partial<HopFacts>]>([
    ['leaves by eth0', {}],
    ['leaves node-1 by eth0, to host vn1', { peer: { netns: 'host', dev: 'vn1' } }],
    ['leaves by lo, to itself', { dev: 'lo' }],
    ['enters node-1 by eth0', { stage: 'rx' }],
    ['arrives by lo', { stage: 'rx', dev: 'lo' }],
    ['merged into another packet by GRO', { stage: 'rx', hook: 'napi_gro_receive_exit' }],
    ['passes FORWARD', { layer: 'netfilter', stage: 'forward' }],
    [
      '10.0.0.1:80 → 10.0.0.2:8080 (DNAT)',
      { layer: 'netfilter', stage: 'prerouting', changes: rewrite('dst', 'dnat') },
    ],
    ['node-1 forwards it', { layer: 'route', stage: 'lookup' }],
    [
      'node-1 routes it: default via 172.18.0.1 dev eth0',
      {
        layer: 'route',
        stage: 'lookup',
        route: { table: 'main', prefix: '0.0.0.0/0', via: '172.18.0.1', dev: 'eth0' },
      },
    ],
    [
      'node-1 routes it: default on the link',
      { layer: 'route', stage: 'lookup', route: { table: 'main', prefix: '::/0' } },
    ],
    [
      'node-1 routes it: 10.244.2.0/24 via 10.244.2.0 dev flannel.1',
      {
        layer: 'route',
        stage: 'lookup',
        route: { table: 'main', prefix: '10.244.2.0/24', via: '10.244.2.0', dev: 'flannel.1' },
      },
    ],
    [
      'wrapped by flannel.1 (vxlan vni 1 a→b)',
      {
        layer: 'tunnel',
        stage: 'encap',
        dev: 'flannel.1',
        changes: [{ field: 'encap', to: 'vxlan vni 1 a→b', by: 'vxlan' }],
      },
    ],
    ['unwrapped by flannel.1', { layer: 'tunnel', stage: 'decap', dev: 'flannel.1' }],
    ['waits until the next hop tells its MAC address', { layer: 'neighbour', stage: 'lookup' }],
    ['the bridge forwards it to another port', { layer: 'bridge', stage: 'forward' }],
    [
      'dropped: NETFILTER_DROP in nft_do_chain',
      { layer: 'drop', stage: 'drop', verdict: 'NETFILTER_DROP in nft_do_chain' },
    ],
    ['dropped: no reason given', { layer: 'drop', stage: 'drop' }],
    ['taken by skb_consume_udp', { layer: 'socket', stage: 'deliver', verdict: 'skb_consume_udp' }],
    [
      'nobody listens on that port (NO_SOCKET in tcp_v4_rcv)',
      { layer: 'socket', stage: 'deliver', verdict: 'NO_SOCKET in tcp_v4_rcv' },
    ],
    [
      'not for this host, by its MAC address (OTHERHOST in ip_rcv_core)',
      { layer: 'socket', stage: 'deliver', verdict: 'OTHERHOST in ip_rcv_core' },
    ],
    ['taken by the stack', { layer: 'socket', stage: 'deliver' }],
    ['read by the process', { layer: 'socket', stage: 'deliver', hook: 'skb_copy_datagram_iovec' }],
  ])('%s', (text, facts) => {
    expect(story(facts).text).toBe(text);
  });

  test('a device hands up what another of its namespace received', () => {
    const before = hop({ stage: 'rx', dev: 'va' });
    expect(story({ stage: 'rx', dev: 'cni0' }, before).text).toBe('cni0 hands it up');
    const elsewhere = hop({ netns: { cookie: '9', inode: 9 } });
    expect(story({ stage: 'rx', dev: 'va' }, elsewhere).text).toBe('enters node-1 by va');
  });

  test.each<readonly [ChangeCause, string]>([
    ['dnat', 'DNAT'],
    ['snat', 'SNAT'],
    ['masquerade', 'masquerade'],
    ['undnat', 'DNAT undone by conntrack'],
    ['unsnat', 'SNAT undone by conntrack'],
    ['bpf', 'rewritten by tc/eBPF'],
    ['unknown', 'rewritten, by what is not known'],
    ['ipvs', 'ipvs'],
  ])('a rewrite by %s is told as %s', (by, words) => {
    expect(rewriteText(rewrite('dst', by))).toBe(`10.0.0.1:80 → 10.0.0.2:8080 (${words})`);
  });

  test('other changes are no rewrite', () => {
    expect(rewriteText([{ field: 'ttl', from: '64', to: '63', by: 'forward' }])).toBeUndefined();
  });
});

describe('the command', () => {
  const at = (facts: Partial<HopFacts>) => story(facts).command;
  const nat = (facts: Partial<HopFacts>) => at({ layer: 'netfilter', stage: 'prerouting', tuple, ...facts });

  test('is run in the namespace of the hop', () => {
    expect(at({})).toBe('ip netns exec lab-node-1 ip -s link show eth0');
    expect(at({ netns: { cookie: '1', inode: 2 }, node: 'host' })).toBe('ip -s link show eth0');
  });

  test('is not there where the namespace has no name to enter it by', () => {
    expect(at({ netns: { cookie: '1', inode: 2 }, node: 'node-1' })).toBeUndefined();
  });

  test.each<readonly [string, Partial<HopFacts>]>([
    ['ip route get 10.96.45.123', { layer: 'route', stage: 'lookup', tuple }],
    ['ip neigh show dev eth0', { layer: 'neighbour', stage: 'lookup' }],
    ['bridge fdb show dev flannel.1', { layer: 'tunnel', stage: 'encap', dev: 'flannel.1' }],
  ])('%s', (command, facts) => {
    expect(at(facts)).toBe(`ip netns exec lab-node-1 ${command}`);
  });

  test('of a rewrite finds the entry by the address that its originator had', () => {
    const list = 'ip netns exec lab-node-1 conntrack -L --orig-src';
    expect(nat({ changes: rewrite('dst', 'dnat') })).toBe(`${list} 10.244.1.5`);
    const masqueraded = { ...tuple, src: '172.18.0.2' };
    expect(
      nat({
        tuple: masqueraded,
        changes: [{ field: 'src', from: '10.244.1.5:5', to: '172.18.0.2:61001', by: 'masquerade' }],
      }),
    ).toBe(`${list} 10.244.1.5`);
    const reply = { ...tuple, src: '10.96.45.123', dst: '10.244.1.5' };
    expect(nat({ tuple: reply, changes: rewrite('src', 'undnat') })).toBe(`${list} 10.244.1.5`);
    expect(nat({ tuple: reply, changes: rewrite('dst', 'unsnat') })).toBe(`${list} 10.244.1.5`);
  });

  test('of IPv6 says so', () => {
    const six = { ...tuple, src: 'fd00::5' };
    expect(nat({ tuple: six })).toBe('ip netns exec lab-node-1 conntrack -L -f ipv6 --orig-src fd00::5');
  });

  test('quotes names that a shell would take apart', () => {
    expect(at({ dev: "e$(x)'y" })).toBe("ip netns exec lab-node-1 ip -s link show 'e$(x)'\\''y'");
  });

  test('is not there for what no command shows', () => {
    for (const layer of ['bridge', 'drop', 'socket'] as const) expect(at({ layer })).toBeUndefined();
  });
});
