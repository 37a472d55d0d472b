/** The command that shows the same by hand. That it does is for test/kernel/explain.test.ts. */
import { describe, expect, test } from 'vitest';
import { hopCommand } from '../../../src/explain/hop-command.ts';
import { NetnsView } from '../../../src/inventory/netns-view.ts';
import type { NetnsSnapshot } from '../../../src/model/inventory.ts';
import type { ChangeCause } from '../../../src/model/journey.ts';
import type { HopFacts } from '../../../src/words/hop-facts.ts';
import { ct, hop, node, snapshot, tuple } from './node.ts';

const at = (facts: Partial<HopFacts>, before: readonly HopFacts[] = [], around = node) =>
  hopCommand([...before, hop(facts)], before.length, around);
const into = 'ip netns exec lab-node-1';
const elsewhere = hop({ stage: 'rx', dev: 'cni0', ifindex: 3 });

describe('is run in the namespace of the hop', () => {
  const inside = (facts: Partial<NetnsSnapshot>, netns: HopFacts['netns'] = { cookie: '1', inode: 2 }) =>
    at({ netns }, [elsewhere], { ...node, view: new NetnsView({ ...snapshot, ...facts }, 0) });

  test('by its name, else by a process in it, else not at all', () => {
    expect(at({}, [elsewhere])).toBe(`${into} ip -s link show dev eth0`);
    expect(inside({})).toBe('nsenter --net=/proc/4711/ns/net ip -s link show dev eth0');
    expect(inside({ processes: [] })).toBeUndefined();
    expect(inside({ own: true })).toBe('ip -s link show dev eth0');
  });

  test('by what Docker calls it only where it must be: `ip netns` does not know that', () => {
    const docker = { cookie: '1', inode: 2, name: '0123456789ab' };
    expect(inside({}, docker)).toBe('nsenter --net=/proc/4711/ns/net ip -s link show dev eth0');
    expect(inside({ processes: [] }, docker)).toBe(
      'nsenter --net=/run/docker/netns/0123456789ab ip -s link show dev eth0',
    );
  });

  test('also if the inventory does not know it', () => {
    expect(at({}, [], { ...node, view: undefined })).toBe(`${into} ip -s link show dev eth0`);
  });
});

describe('of a device', () => {
  test.each<readonly [string, Partial<HopFacts>]>([
    [
      'ip neigh show to 172.18.0.3 dev eth0',
      { tuple: { ...tuple, dst: '172.18.0.3' }, mac: { src: '', dst: '02:00:00:00:00:03' } },
    ],
    ['bridge fdb show br cni0', { dev: 'veth1', ifindex: 5 }],
    ['bridge link show dev veth1', { stage: 'rx', dev: 'veth1', ifindex: 5 }],
    ['ip addr show to 172.18.0.2', { stage: 'rx', tuple: { ...tuple, dst: '172.18.0.2' } }],
    ['ip link show dev eth0', { stage: 'rx', mac: { src: '', dst: '02:00:00:00:00:02' } }],
    ['ip -s link show dev eth0', { tuple: { proto: 'arp', op: 1, src: '172.18.0.2', dst: '172.18.0.3' } }],
  ])('%s', (command, facts) => {
    expect(at(facts, [elsewhere])).toBe(`${into} ${command}`);
  });

  test('is the route of what is sent here, from the address before POSTROUTING', () => {
    const sent = { ...tuple, src: '172.18.0.2', dst: '10.244.2.7' };
    expect(at({ tuple: sent })).toBe(`${into} ip route get 10.244.2.7 from 172.18.0.2`);
    const undone = hop({
      layer: 'netfilter',
      stage: 'postrouting',
      changes: [{ field: 'src', from: '172.18.0.2:6443', to: '10.96.0.1:443', by: 'undnat' }],
    });
    expect(at({ tuple: { ...tuple, src: '10.96.0.1', dst: '10.244.1.5' } }, [undone])).toBe(
      `${into} ip route get 10.244.1.5 from 172.18.0.2`,
    );
  });

  test('names the device where the address is on every link', () => {
    expect(at({ tuple: { proto: 'icmpv6', src: 'fd00::2', dst: 'ff02::2' } })).toBe(
      `${into} ip route get ff02::2 from fd00::2 oif eth0`,
    );
  });
});

describe('of a decision', () => {
  test.each<readonly [string, Partial<HopFacts>]>([
    ['ip route get 10.96.45.123 from 10.244.1.5 iif eth0', { layer: 'route', stage: 'lookup', tuple }],
    [
      'ip neigh show to 172.18.0.9 dev eth0',
      { layer: 'neighbour', stage: 'lookup', tuple: { ...tuple, dst: '172.18.0.9' } },
    ],
    ['ip neigh show dev eth0', { layer: 'neighbour', stage: 'lookup' }],
    ['bridge fdb show dev flannel.1', { layer: 'tunnel', stage: 'encap', dev: 'flannel.1' }],
    ['ip -d link show dev flannel.1', { layer: 'tunnel', stage: 'decap', dev: 'flannel.1' }],
    ['bridge fdb show br cni0', { layer: 'bridge', stage: 'forward', dev: 'veth1', ifindex: 5 }],
    ['iptables -t filter -nvL FORWARD', { layer: 'netfilter', stage: 'forward', tuple }],
    [
      'ip6tables -t filter -nvL FORWARD',
      { layer: 'netfilter', stage: 'forward', tuple: { ...tuple, src: 'fd00::5' } },
    ],
    ['ss -tanp sport = :80', { layer: 'socket', stage: 'deliver', tuple }],
    [
      'ss -uanp sport = :53',
      { layer: 'socket', stage: 'deliver', tuple: { ...tuple, proto: 'udp', dport: 53 } },
    ],
    ['nft list ruleset', { layer: 'drop', stage: 'drop', verdict: 'NETFILTER_DROP in nft_do_chain' }],
    [
      'ip route show table all to match 10.96.45.123',
      { layer: 'drop', stage: 'drop', tuple, verdict: 'IP_INNOROUTES in ip_error' },
    ],
    [
      'nstat -asz TcpExtListenOverflows',
      { layer: 'drop', stage: 'drop', verdict: 'TCP_LISTEN_OVERFLOW in tcp_conn_request' },
    ],
  ])('%s', (command, facts) => {
    expect(at(facts)).toBe(`${into} ${command}`);
  });

  test('is not there for what no command shows', () => {
    expect(at({ layer: 'drop', stage: 'drop', verdict: 'REASON_OF_TOMORROW in x' })).toBeUndefined();
    expect(at({ layer: 'drop', stage: 'drop' })).toBeUndefined();
    expect(at({ layer: 'socket', stage: 'deliver' })).toBeUndefined();
    expect(at({ layer: 'netfilter', stage: 'prerouting', tuple })).toBeUndefined();
  });
});

describe('of a rewrite', () => {
  const exact = '-p tcp -s 10.244.1.5 -d 10.96.45.123 --sport 5 --dport 80';
  const nat = (facts: Partial<HopFacts>) =>
    ({ layer: 'netfilter', stage: 'prerouting', tuple, ...facts }) as const;
  const rewrite = (by: ChangeCause, field: 'src' | 'dst', from: string) =>
    [{ field, from, to: '1.1.1.1:1', by }] as const;

  const changes = rewrite('dnat', 'dst', '10.96.45.123:80');
  const entry = (facts: Partial<HopFacts>) => at(nat({ changes, ...facts }));

  test('is its conntrack entry', () => {
    expect(entry({ ct })).toBe(`${into} conntrack -L ${exact}`);
    expect(entry({ ct: { ...ct, zone: 7 } })).toBe(`${into} conntrack -L ${exact} -w 7`);
    const ping = { proto: 'icmp', src: '10.244.1.5', dst: '1.1.1.1', type: 8, code: 0 };
    expect(entry({ ct: { ...ct, orig: ping } })).toBe(
      `${into} conntrack -L -p icmp -s 10.244.1.5 -d 1.1.1.1`,
    );
    const six = { ...tuple, src: 'fd00::5', dst: 'fd00::6' };
    expect(entry({ ct: { ...ct, orig: six } })).toBe(
      `${into} conntrack -L -f ipv6 -p tcp -s fd00::5 -d fd00::6 --sport 5 --dport 80`,
    );
  });

  test('is the entry of the hops around, but not that of a tunnel', () => {
    const dnat = hop(nat({ changes }));
    const next = hop({ stage: 'rx', dev: 'cni0', ct });
    expect(hopCommand([dnat, next], 0, node)).toBe(`${into} conntrack -L ${exact}`);
    expect(hopCommand([next, dnat], 1, node)).toBe(`${into} conntrack -L ${exact}`);
    const derived = `${into} conntrack -L -s 10.244.1.5 -d 10.96.45.123`;
    expect(hopCommand([dnat, hop({ ct, inner: tuple })], 0, node)).toBe(derived);
    expect(hopCommand([dnat, hop({ ct, netns: { cookie: '9', inode: 9 } })], 0, node)).toBe(derived);
  });

  test('that did not happen is where it would have: the rules see the first packet alone', () => {
    const established = { ...ct, state: 'established' } as const;
    expect(at(nat({ ct }))).toBe(`${into} iptables -t nat -nvL PREROUTING`);
    expect(at(nat({ ct, stage: 'postrouting' }))).toBe(`${into} iptables -t nat -nvL POSTROUTING`);
    expect(at(nat({ ct: established }))).toBe(`${into} conntrack -L ${exact}`);
    expect(at(nat({ ct: established, stage: 'forward' }))).toBe(`${into} iptables -t filter -nvL FORWARD`);
  });

  test.each<readonly [string, ChangeCause, 'src' | 'dst', string]>([
    ['-s 10.244.1.5 -d 10.96.0.9', 'dnat', 'dst', '10.96.0.9:80'],
    ['-s 10.244.1.9', 'masquerade', 'src', '10.244.1.9:5'],
    ['-s fd00::9', 'snat', 'src', '[fd00::9]:5'],
    ['-s 10.96.45.123', 'undnat', 'src', '10.0.0.1:80'],
    ['-s 10.96.45.123', 'unsnat', 'dst', '10.0.0.1:80'],
  ])('that shows no entry is found by %s', (filter, by, field, from) => {
    expect(at(nat({ changes: rewrite(by, field, from) }))).toBe(`${into} conntrack -L ${filter}`);
  });
});

test('names that a shell would take apart are quoted', () => {
  expect(at({ dev: "e$(x)'y" }, [elsewhere])).toBe(`${into} ip -s link show dev 'e$(x)'\\''y'`);
  expect(at({ netns: { cookie: '1', inode: 2, name: 'a b;rm' } }, [elsewhere])).toBe(
    "ip netns exec 'a b;rm' ip -s link show dev eth0",
  );
});
