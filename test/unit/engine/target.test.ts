/** What `follow SRC DST` means: wide for the kernel, exact for each journey. CONTRACT 7. */
import { describe, expect, test } from 'vitest';
import { type ClusterOf, type FollowTarget, Matcher, watchRules } from '../../../src/engine/target.ts';
import type { Selection } from '../../../src/inventory/selection.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { arpPacket, icmpPacket, tcpPacket, udpPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  nginx2,
  outsideRequest,
  podA,
  sameNodeRequest,
  service,
} from '../../helpers/journeys-ways.ts';

const select = (
  kind: Selection['kind'],
  ips: readonly string[],
  more: Partial<Selection> = {},
): Selection => ({
  kind,
  label: ips.join(),
  ips,
  cidrs: [],
  netnsCookies: [],
  ...more,
});

const any = select('any', [], { any: true });
const pod = select('pod', [podA], { netnsCookies: ['11'] });
const byService = select('service', [service], {
  backendIps: [nginx1, nginx2],
  service: { cluster: 'lab:x', namespace: 'default', name: 'nginx-service' },
});
const backend = select('pod', [nginx2], { netnsCookies: ['21'] });

const target = (src: Selection, dst: Selection, more: Partial<FollowTarget> = {}): FollowTarget => ({
  src,
  dst,
  dnsIps: [],
  ...more,
});

const nowhere: ClusterOf = () => undefined;

function matched(follow: FollowTarget, ...walks: readonly Walk[]): boolean[] {
  return matchedIn(nowhere, follow, ...walks);
}

function matchedIn(clusterOf: ClusterOf, follow: FollowTarget, ...walks: readonly Walk[]): boolean[] {
  const rig = new Rig().walk(...walks).finish();
  const matcher = new Matcher(follow, clusterOf);
  const verdicts = new Map(rig.journeys.map(journey => [journey.id, matcher.matches(journey)]));
  return walks.map(walk => verdicts.get(rig.of(walk).id)!);
}

describe('the kernel is asked for', () => {
  test('all addresses that the packet may carry on its way', () => {
    const node = { ...byService, nodeIps: ['172.18.0.2'] };
    expect(watchRules(target(pod, node, { proto: 'tcp' }))).toEqual([
      {
        proto: 'tcp',
        a: { ips: [podA], netns: [] },
        b: { ips: [service, nginx1, nginx2, '172.18.0.2'], netns: [] },
      },
    ]);
  });

  test('the namespace of a pod where the other end may be anything: its loopback is meant too', () => {
    const [rule] = watchRules(target(pod, any));
    expect(rule).toEqual({ proto: 'any', a: { ips: [podA], netns: ['11'] }, b: { any: true } });
  });

  test('the namespace of a pod where both ends are in it', () => {
    const [rule] = watchRules(target(pod, pod));
    expect(rule).toEqual({
      proto: 'any',
      a: { ips: [podA], netns: ['11'] },
      b: { ips: [podA], netns: ['11'] },
    });
  });

  test('the namespace of a pod where it asks itself by an address that all have', () => {
    const [rule] = watchRules(target(pod, select('ip', ['127.0.0.1'])));
    expect(rule!.a).toEqual({ ips: [podA], netns: ['11'] });
  });

  test('DNS of SRC besides, whatever the protocol', () => {
    const [, dns] = watchRules(target(pod, byService, { proto: 'tcp', dnsIps: ['10.96.0.10'] }));
    expect(dns).toEqual({ proto: 'any', a: { ips: [podA], netns: [] }, b: { ips: ['10.96.0.10'] } });
  });

  test.each([
    ['tcp', 'tcp'],
    ['udp', 'udp'],
    ['icmp', 'icmp'],
    ['icmpv6', 'icmp'],
    ['arp', 'any'],
    ['47', 'any'],
    [undefined, 'any'],
  ])('protocol %s as %s', (proto, kernel) => {
    const [rule] = watchRules(target(any, any, proto === undefined ? {} : { proto }));
    expect(rule?.proto).toBe(kernel);
  });

  test('anything by anybody', () => {
    expect(watchRules(target(any, any))).toEqual([{ proto: 'any', a: { any: true }, b: { any: true } }]);
  });
});

describe('follow A B', () => {
  const both = (): [Walk, Walk] => [crossNodeRequest(), crossNodeReply({ at: 1 * MS })];

  test('is both directions of what A opened to B, by service, backend, any', () => {
    for (const dst of [byService, backend, any])
      expect(matched(target(pod, dst), ...both())).toEqual([true, true]);
    expect(matched(target(any, byService), ...both())).toEqual([true, true]);
  });

  test('is not what B opened to A', () => {
    expect(matched(target(backend, pod), ...both())).toEqual([false, false]);
    expect(matched(target(byService, pod), ...both())).toEqual([false, false]);
  });

  test('is not what A opened to others, though the kernel copied it', () => {
    const other = outsideRequest({ at: 2 * MS, sport: 7 });
    expect(matched(target(pod, byService), ...both(), other)).toEqual([true, true, false]);
  });

  test('to a service is not what goes to its pods directly', () => {
    const direct = new Walk(tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 8080 }), { at: 2 * MS })
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    expect(matched(target(pod, byService), sameNodeRequest(), direct)).toEqual([true, false]);
    expect(matched(target(pod, select('pod', [nginx1])), sameNodeRequest(), direct)).toEqual([true, true]);
  });

  test('by CIDR', () => {
    const cidr = select('cidr', [], { cidrs: ['10.244.1.0/24'] });
    expect(matched(target(cidr, any), ...both())).toEqual([true, true]);
    expect(matched(target(select('cidr', [], { cidrs: ['10.244.9.0/24'] }), any), ...both())).toEqual([
      false,
      false,
    ]);
  });

  test('has its ICMP errors, also if they close first', () => {
    const quoted = tcpPacket({ src: podA, sport: 37_144, dst: nginx2, dport: 8080 });
    const error = new Walk(icmpPacket({ src: '10.244.1.1', dst: podA, type: 3, code: 1, quoted }), {
      at: 1 * MS,
    })
      .queue('node-1 cni0')
      .queue('node-1 va')
      .receive('pod-a eth0')
      .consumed('icmp_rcv');
    expect(matched(target(pod, byService, { proto: 'tcp' }), crossNodeRequest(), error)).toEqual([
      true,
      true,
    ]);
    // Closed before its request, an error is left out; it must not take the request along.
    const rig = new Rig().walk(crossNodeRequest(), error).finish();
    const [request, related] = rig.journeys as [Journey, Journey];
    const { service: _, ...early } = related;
    const matcher = new Matcher(target(pod, byService), nowhere);
    expect([early, request, related].map(journey => matcher.matches(journey))).toEqual([false, true, true]);
  });

  test('has the DNS of A', () => {
    const query = new Walk(udpPacket({ src: podA, dst: '10.96.0.10', sport: 5, dport: 53 }))
      .queue('pod-a eth0')
      .receive('node-1 va');
    expect(matched(target(pod, byService, { dnsIps: ['10.96.0.10'] }), query)).toEqual([true]);
    expect(matched(target(pod, byService), query)).toEqual([false]);
  });

  test('of that DNS what is about the service, by whatever name', () => {
    const follow = target(pod, byService, { dnsIps: ['10.96.0.10'] });
    const matcher = new Matcher(follow, nowhere);
    const query = new Walk(udpPacket({ src: podA, dst: '10.96.0.10', sport: 5, dport: 53 }))
      .queue('pod-a eth0')
      .receive('node-1 va');
    const rig = new Rig().walk(query).finish();
    const about = (name: string): Journey => ({
      ...rig.of(query),
      packet: { dns: { id: 1, query: name, type: 'A' } },
    });
    const kinds = [
      'nginx-service',
      'NGINX-service.default.svc.cluster.local',
      '_http._tcp.nginx-service.default.svc.cluster.local',
      'ngins-service.default.svc.cluster.local',
      'my-nginx-service.cluster.local',
    ].map(name => matcher.dnsOf(about(name)));
    expect(kinds).toEqual(['own', 'own', 'own', 'other', 'other']);
    expect(new Matcher({ ...follow, port: 80 }, nowhere).dnsOf(about('nginx-service'))).toBe('other');
    expect(new Matcher(target(pod, byService), nowhere).dnsOf(about('nginx-service'))).toBeUndefined();
  });

  test('a service without an address of its own is its endpoints', () => {
    const headless = { ...byService, ips: [] };
    const direct = new Walk(tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 8080 }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    expect(matched(target(pod, headless), direct)).toEqual([true]);
    expect(matched(target(pod, byService), direct)).toEqual([false]);
    expect(matched(target(pod, { ...headless, backendIps: ['10.244.9.9'] }), direct)).toEqual([false]);
  });

  test('a flow that was open before is known by its reply', () => {
    expect(matched(target(pod, backend), crossNodeReply())).toEqual([true]);
    expect(matched(target(pod, byService), crossNodeReply())).toEqual([true]);
    expect(matched(target(backend, pod), crossNodeReply())).toEqual([false]);
  });
});

describe('narrowed', () => {
  test('by port, before or after NAT, on either side', () => {
    for (const [port, expected] of [
      [80, true],
      [8080, true],
      [37_144, true],
      [8472, false],
      [443, false],
    ] as const)
      expect(matched(target(pod, any, { port }), crossNodeRequest()), String(port)).toEqual([expected]);
  });

  test('by protocol', () => {
    expect(matched(target(pod, any, { proto: 'tcp' }), crossNodeRequest())).toEqual([true]);
    expect(matched(target(pod, any, { proto: 'udp' }), crossNodeRequest())).toEqual([false]);
  });

  test('ARP only between the two, where it is asked for, or everything', () => {
    const who = (): Walk => new Walk(arpPacket({ op: 1, sender: podA, target: nginx2 })).queue('pod-a eth0');
    const stranger = new Walk(arpPacket({ op: 1, sender: podA, target: '10.244.1.1' })).queue('pod-a eth0');
    expect(matched(target(pod, backend), stranger)).toEqual([false]);
    expect(matched(target(pod, backend), who())).toEqual([true]);
    expect(matched(target(pod, backend, { proto: 'arp' }), who())).toEqual([true]);
    expect(matched(target(pod, any), who())).toEqual([true]);
  });
});

describe('the same addresses in another cluster', () => {
  const byIp = target(select('ip', [podA]), any, { cluster: 'lab:x' });
  const all =
    (cluster: string | undefined): ClusterOf =>
    () =>
      cluster;

  test('are not meant, whatever else is asked for', () => {
    const dns = target(any, byService, { cluster: 'lab:x', dnsIps: [nginx1] });
    for (const follow of [byIp, dns, target(any, any, { cluster: 'lab:x' })]) {
      expect(matchedIn(all('lab:y'), follow, sameNodeRequest())).toEqual([false]);
      expect(matchedIn(all('lab:x'), follow, sameNodeRequest())).toEqual([true]);
    }
  });

  test('are, where no cluster is', () => {
    expect(matchedIn(all('lab:y'), target(select('ip', [podA]), any), sameNodeRequest())).toEqual([true]);
  });

  test('a packet that crosses from one into the other belongs to both; what is of no cluster, to all', () => {
    const nodes: ClusterOf = netns => (netns === '11' ? 'lab:y' : 'lab:x');
    expect(matchedIn(nodes, byIp, sameNodeRequest())).toEqual([true]);
    const shared: ClusterOf = netns => (netns === '11' ? 'lab:y' : undefined);
    expect(matchedIn(shared, byIp, sameNodeRequest())).toEqual([false]);
    expect(matchedIn(nowhere, byIp, sameNodeRequest())).toEqual([true]);
  });
});
