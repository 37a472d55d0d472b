/** Every kind of hop in words for a beginner: what the packet shows, and why, where a table of that moment says the same. */
import { describe, expect, test } from 'vitest';
import { hopStory } from '../../../src/explain/hop-text.ts';
import type { Surroundings } from '../../../src/explain/surroundings.ts';
import type { ChangeCause } from '../../../src/model/journey.ts';
import type { HopFacts } from '../../../src/words/hop-facts.ts';
import { ct, hop, node, tuple } from './node.ts';

const unknown: Surroundings = { ...node, view: undefined };

/** The last of these hops. */
const textOf = (hops: readonly HopFacts[], around = node) => hopStory(hops, hops.length - 1, around).text;
const bare = (facts: Partial<HopFacts>) => textOf([hop(facts)], unknown);

describe('without an inventory', () => {
  test.each<readonly [string, Partial<HopFacts>]>([
    ['leaves by eth0', {}],
    ['leaves node-1 by eth0, to host vn1', { peer: { netns: 'host', dev: 'vn1' } }],
    ['leaves by lo, to itself', { dev: 'lo' }],
    ['enters node-1 by eth0', { stage: 'rx' }],
    ['arrives by lo', { stage: 'rx', dev: 'lo' }],
    ['merged into another packet by GRO', { stage: 'rx', hook: 'napi_gro_receive_exit' }],
    ['passes FORWARD: no filter rule there refused it', { layer: 'netfilter', stage: 'forward' }],
    ['passes PREROUTING with its destination as it was', { layer: 'netfilter', stage: 'prerouting' }],
    ['passes INPUT', { layer: 'netfilter', stage: 'input' }],
    ['node-1 forwards it', { layer: 'route', stage: 'lookup' }],
    [
      'node-1 routes it to 10.96.45.123: default via 172.18.0.1 dev eth0 (table main), TTL 64 → 63',
      {
        layer: 'route',
        stage: 'lookup',
        tuple,
        changes: [{ field: 'ttl', from: '64', to: '63', by: 'forward' }],
        route: { table: 'main', prefix: '0.0.0.0/0', via: '172.18.0.1', dev: 'eth0' },
      },
    ],
    [
      'node-1 routes it: default on the link (table main)',
      { layer: 'route', stage: 'lookup', route: { table: 'main', prefix: '::/0' } },
    ],
    [
      'flannel.1 wraps it (vxlan vni 1 a→b)',
      {
        layer: 'tunnel',
        stage: 'encap',
        dev: 'flannel.1',
        changes: [{ field: 'encap', to: 'vxlan vni 1 a→b', by: 'vxlan' }],
      },
    ],
    ['flannel.1 unwraps it (tunnel)', { layer: 'tunnel', stage: 'decap', dev: 'flannel.1' }],
    ['waits until the next hop tells its MAC address', { layer: 'neighbour', stage: 'lookup' }],
    ['the bridge forwards it to another port', { layer: 'bridge', stage: 'forward' }],
    [
      'dropped: NETFILTER_DROP in nft_do_chain: a firewall rule decided so',
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
    expect(bare(facts)).toBe(text);
  });

  test('a device hands up what another of its namespace received', () => {
    const before = hop({ stage: 'rx', dev: 'va' });
    expect(textOf([before, hop({ stage: 'rx', dev: 'cni0' })], unknown)).toBe('cni0 hands it up');
    const elsewhere = hop({ netns: { cookie: '9', inode: 9 } });
    expect(textOf([elsewhere, hop({ stage: 'rx', dev: 'va' })], unknown)).toBe('enters node-1 by va');
  });
});

describe('with the tables of that moment', () => {
  test('a packet that is made here leaves by its route', () => {
    const sent = hop({ tuple: { ...tuple, src: '172.18.0.2', dst: '172.18.0.3' } });
    expect(textOf([sent])).toBe('leaves by eth0: node-1 has the route 172.18.0.0/16 dev eth0');
    expect(textOf([hop({ ...sent, dev: 'cni0', ifindex: 3 })])).toBe('leaves by cni0');
  });

  test('the next hop is named if the frame is addressed to it', () => {
    const came = hop({ stage: 'rx', dev: 'cni0', ifindex: 3 });
    const to = { tuple: { ...tuple, dst: '172.18.0.3' } };
    const leaves = hop({ ...to, mac: { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:03' } });
    expect(textOf([came, leaves])).toBe(
      'leaves by eth0, to MAC 02:00:00:00:00:03, which is 172.18.0.3 in the neighbour table',
    );
    const other = hop({ ...to, mac: { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:99' } });
    expect(textOf([came, other])).toBe('leaves by eth0');
  });

  test('a bridge has the MAC behind the port, or nothing is said of it', () => {
    const came = hop({ stage: 'rx', dev: 'flannel.1', ifindex: 4 });
    const port = { dev: 'veth1', ifindex: 5 };
    const known = hop({ ...port, mac: { src: '0a:00:00:00:00:01', dst: '0a:00:00:00:00:05' } });
    expect(textOf([came, known])).toBe(
      'leaves by veth1: bridge cni0 has MAC 0a:00:00:00:00:05 behind this port',
    );
    const flooded = hop({ ...port, mac: { src: '0a:00:00:00:00:01', dst: '0a:00:00:00:00:77' } });
    expect(textOf([came, flooded])).toBe('leaves by veth1, a port of bridge cni0');
  });

  test('what comes in is told by what it came to', () => {
    expect(textOf([hop({ stage: 'rx', dev: 'veth1', ifindex: 5 })])).toBe(
      'enters node-1 by veth1, a port of bridge cni0',
    );
    expect(textOf([hop({ stage: 'rx', tuple: { ...tuple, dst: '172.18.0.2' } })])).toBe(
      'enters node-1 by eth0: 172.18.0.2 is an address of node-1',
    );
    expect(textOf([hop({ stage: 'rx', mac: { src: '02:00:00:00:00:03', dst: '02:00:00:00:00:02' } })])).toBe(
      'enters node-1 by eth0: the frame is for its own MAC 02:00:00:00:00:02',
    );
  });

  test('a bridge and a tunnel have forwarding tables', () => {
    const port = hop({
      stage: 'rx',
      dev: 'veth2',
      ifindex: 6,
      mac: { src: '0a:00:00:00:00:06', dst: '0a:00:00:00:00:05' },
    });
    const bridged = hop({ layer: 'bridge', stage: 'forward', dev: 'veth1', ifindex: 5 });
    expect(textOf([port, bridged])).toBe(
      'bridge cni0 forwards it to its port veth1, behind which it has MAC 0a:00:00:00:00:05',
    );
    const bare = hop({
      dev: 'flannel.1',
      ifindex: 4,
      mac: { src: '0e:00:00:00:00:01', dst: '0e:00:00:00:00:02' },
    });
    const wrapped = hop({
      layer: 'tunnel',
      stage: 'encap',
      dev: 'flannel.1',
      ifindex: 4,
      tunnel: { kind: 'vxlan', vni: 1, src: '172.18.0.2', dst: '172.18.0.3' },
      changes: [{ field: 'encap', to: 'vxlan vni 1 172.18.0.2→172.18.0.3', by: 'vxlan' }],
    });
    expect(textOf([bare, wrapped])).toBe(
      'flannel.1 wraps it (vxlan vni 1 172.18.0.2→172.18.0.3): its forwarding table has MAC 0e:00:00:00:00:02 behind 172.18.0.3',
    );
  });

  test('who is asked for a MAC address', () => {
    const waits = hop({ layer: 'neighbour', stage: 'lookup', tuple: { ...tuple, dst: '172.18.0.9' } });
    expect(textOf([waits])).toBe('waits until the next hop, 172.18.0.9, tells its MAC address (ARP)');
    const away = hop({
      layer: 'neighbour',
      stage: 'lookup',
      tuple: { ...tuple, dst: '10.244.2.7' },
      dev: 'flannel.1',
      ifindex: 4,
    });
    expect(textOf([away])).toBe('waits until the next hop, 10.244.2.0, tells its MAC address (ARP)');
  });
});

describe('a rewrite', () => {
  const nat = (by: ChangeCause, field: 'src' | 'dst', state: 'new' | 'established' = 'new') =>
    textOf([
      hop({
        layer: 'netfilter',
        stage: 'prerouting',
        tuple,
        ct: { ...ct, state },
        changes: [{ field, from: '10.96.45.123:80', to: '10.244.2.7:8080', by }],
      }),
    ]);

  test('of a service is chosen once, and repeated by conntrack', () => {
    expect(nat('dnat', 'dst')).toBe(
      '10.96.45.123:80 → 10.244.2.7:8080 (DNAT): the rules of service default/nginx-service choose pod nginx-2; conntrack keeps that for the whole conversation',
    );
    expect(nat('dnat', 'dst', 'established')).toBe(
      '10.96.45.123:80 → 10.244.2.7:8080 (DNAT): conntrack repeats what the rules of service default/nginx-service chose for the first packet, pod nginx-2',
    );
  });

  test('of an address that is no service names nobody', () => {
    const change = { field: 'dst', from: '[fd00::1]:80', to: '[fd00::2]:80', by: 'dnat' } as const;
    const dnat = hop({ layer: 'netfilter', stage: 'prerouting', tuple, changes: [change] });
    expect(textOf([dnat])).toBe('[fd00::1]:80 → [fd00::2]:80 (DNAT): conntrack remembers it for the others');
  });

  test.each<readonly [ChangeCause, 'src' | 'dst', string]>([
    ['masquerade', 'src', '(masquerade): the source becomes an address of node-1'],
    ['snat', 'src', '(SNAT): so that the answer'],
    ['undnat', 'src', '(DNAT undone by conntrack): the reply gets the source'],
    ['unsnat', 'dst', '(SNAT undone by conntrack): the reply gets back'],
    ['bpf', 'dst', '(rewritten by tc/eBPF)'],
    ['unknown', 'dst', '(rewritten, by what is not known)'],
    ['ipvs', 'dst', '(IPVS)'],
  ])('by %s says what for', (by, field, words) => {
    expect(nat(by, field)).toContain(words);
  });
});
