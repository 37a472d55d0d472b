/** Who sent it to whom, and through which places: CONTRACT 2 and 3. */
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { eventRouted } from '../../../src/model/layout.generated.ts';
import { arpPacket, icmpPacket, tcpPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  outsideRequest,
  podA,
  sameNodeReply,
  sameNodeRequest,
  service,
  serviceEntry,
} from '../../helpers/journeys-ways.ts';

const resolved = (walk: Walk): Journey => new Rig().walk(walk).finish().of(walk);

/** `layer stage dev`, with ~ where it was inferred and ( ) where the compact form folds it. */
function places(journey: Journey): string[] {
  return journey.hops.map(({ layer, stage, dev, netns, inferred, repeats }) => {
    const text = `${netns.name?.slice(4)} ${layer} ${stage} ${dev ?? '-'}${inferred ? ' ~' : ''}`;
    return repeats ? `(${text})` : text;
  });
}

describe('hops', () => {
  test('of a request on one node', () => {
    expect(places(resolved(sameNodeRequest()))).toEqual([
      'pod-a device tx eth0',
      '(node-1 device rx va)',
      'node-1 netfilter prerouting cni0 ~',
      '(node-1 device rx cni0)',
      'node-1 route lookup cni0 ~',
      '(node-1 device tx cni0)',
      'node-1 device tx vb',
      'nginx-1 device rx eth0',
    ]);
  });

  test('of a request across nodes', () => {
    expect(places(resolved(crossNodeRequest()))).toEqual([
      'pod-a device tx eth0',
      '(node-1 device rx va)',
      'node-1 netfilter prerouting cni0 ~',
      '(node-1 device rx cni0)',
      'node-1 route lookup cni0 ~',
      '(node-1 device tx flannel.1)',
      'node-1 tunnel encap flannel.1 ~',
      'node-1 device tx eth0',
      '(host device rx vn1)',
      '(host bridge forward vn2 ~)',
      'host device tx vn2',
      '(node-2 device rx eth0)',
      'node-2 tunnel decap flannel.1 ~',
      '(node-2 device rx flannel.1)',
      'node-2 route lookup flannel.1 ~',
      '(node-2 device tx cni0)',
      'node-2 device tx vc',
      'nginx-2 device rx eth0',
    ]);
  });

  test('of a request to the node itself: the last is shown, whatever it repeats', () => {
    const packet = tcpPacket({ src: podA, dst: '10.244.1.1', sport: 5, dport: 80 });
    const walk = new Walk(packet).queue('pod-a eth0').receive('node-1 va').receive('node-1 cni0');
    expect(places(resolved(walk))).toEqual([
      'pod-a device tx eth0',
      '(node-1 device rx va)',
      'node-1 device rx cni0',
    ]);
    walk.hook('node-1 cni0', 1);
    expect(places(resolved(walk))).toEqual([
      'pod-a device tx eth0',
      '(node-1 device rx va)',
      '(node-1 device rx cni0)',
      'node-1 netfilter input cni0',
    ]);
  });

  test('carry the outer headers, and the inner ones exactly while wrapped', () => {
    const { hops } = resolved(crossNodeRequest());
    for (const hop of hops) {
      const isWrapped = hop.index >= 6 && hop.index <= 11;
      expect(hop.tunnel !== undefined, `hop ${hop.index}`).toBe(isWrapped);
      if (!isWrapped) continue;
      expect(hop.tuple).toMatchObject({ proto: 'udp', dport: 8472 });
      expect(hop.inner).toMatchObject({ proto: 'tcp', dst: '10.244.2.7', dport: 8080 });
      expect(hop.tunnel).toEqual({ kind: 'vxlan', vni: 1, src: '172.18.0.2', dst: '172.18.0.3' });
    }
  });

  test('name the namespace, the node, the other end, the conntrack entry', () => {
    const [first, second, , third] = resolved(sameNodeRequest()).hops;
    expect(first).toMatchObject({
      node: 'node-1',
      netns: { cookie: '11', inode: 4_026_532_011, name: 'lab-pod-a' },
      peer: { netns: 'node-1', dev: 'va' },
      ttl: 64,
      lenBytes: 40,
      mac: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
      text: 'leaves pod-a by eth0, to node-1 va',
      command: 'ip netns exec lab-pod-a ip -s link show dev eth0',
    });
    expect(second?.ct).toBeUndefined();
    expect(third?.ct).toMatchObject({
      zone: 0,
      dir: 'orig',
      state: 'new',
      orig: { src: podA, dst: service, dport: 80 },
      reply: { src: nginx1, sport: 8080, dst: podA },
    });
  });

  test('a routing decision shows the route, if the inventory has it', () => {
    const rig = new Rig();
    rig.machine.routes.set('node-1 10.244.1.6', { table: 'main', prefix: '10.244.1.0/24', dev: 'cni0' });
    const walk = sameNodeRequest();
    const hop = rig
      .walk(walk)
      .finish()
      .of(walk)
      .hops.find(each => each.layer === 'route');
    expect(hop).toMatchObject({
      route: { table: 'main', prefix: '10.244.1.0/24', dev: 'cni0' },
      text: 'node-1 routes it to 10.244.1.6: 10.244.1.0/24 on the link dev cni0 (table main), TTL 64 → 63',
    });
  });

  test('an end without a device stands where the packet was', () => {
    const journey = resolved(sameNodeRequest().consumed('skb_consume_udp'));
    expect(journey.hops.at(-1)).toMatchObject({
      layer: 'socket',
      stage: 'deliver',
      netns: { name: 'lab-nginx-1' },
      verdict: 'skb_consume_udp',
    });
    expect(journey.outcome).toMatchObject({ kind: 'delivered', to: 'process', at: journey.hops.length - 1 });
  });

  test('what was dropped in FORWARD had been routed', () => {
    const request = { src: podA, dst: nginx1, sport: 5, dport: 8080, id: 7 };
    const walk = new Walk(tcpPacket({ ...request, ttl: 64 }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .receive('node-1 cni0');
    const { ifindex } = walk.events.at(-1)!;
    const at = { at: walk.nowNs + 1000, flags: eventRouted, ifindex: ifindex! };
    walk
      .becomes(tcpPacket({ ...request, ttl: 63 }))
      .onlyFreed('NETFILTER_DROP', 'nft_do_chain', 'node-1 cni0', at);
    const journey = resolved(walk);
    expect(places(journey).slice(-2)).toEqual(['node-1 route lookup cni0 ~', 'node-1 drop drop -']);
    expect(journey.outcome).toMatchObject({ kind: 'dropped', hook: 'forward' });
  });

  test('the hook that dropped it, where hooks were watched', () => {
    const walk = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .hook('node-1 cni0', 0)
      .freed('NETFILTER_DROP', 'nft_do_chain');
    expect(resolved(walk).outcome).toMatchObject({ kind: 'dropped', hook: 'forward' });
    const unwatched = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .freed('NETFILTER_DROP', 'nft_do_chain');
    expect(resolved(unwatched).outcome).not.toHaveProperty('hook');
  });
});

describe('endpoints', () => {
  test('of a request: from the pod, to the service, backend the pod behind it', () => {
    const journey = resolved(crossNodeRequest());
    expect(journey).toMatchObject({
      direction: 'request',
      from: { kind: 'pod', name: 'pod-a', ip: podA, port: 37_144 },
      addressed: { ip: service, port: 80 },
      to: { kind: 'service', name: 'nginx-service', ip: service, port: 80 },
      backend: { kind: 'pod', name: 'nginx-2', port: 8080 },
      service: { name: 'nginx-service' },
    });
  });

  test('of its reply: from the backend, to the pod; the service stays, there is no backend', () => {
    const request = crossNodeRequest();
    const reply = crossNodeReply({ at: 1 * MS });
    const journey = new Rig().walk(request, reply).finish().of(reply);
    expect(journey).toMatchObject({
      direction: 'reply',
      from: { kind: 'pod', name: 'nginx-2', port: 8080 },
      to: { kind: 'pod', name: 'pod-a', port: 37_144 },
      service: { name: 'nginx-service' },
    });
    expect(journey.backend).toBeUndefined();
  });

  test('of a reply whose request was not seen: conntrack still knows the direction', () => {
    const journey = resolved(sameNodeReply());
    expect(journey).toMatchObject({
      direction: 'reply',
      from: { name: 'nginx-1' },
      to: { name: 'pod-a' },
      service: { name: 'nginx-service' },
    });
  });

  test('of an ICMP error: from who says it, to whom it reaches', () => {
    const request = sameNodeRequest();
    const quoted = tcpPacket({ src: podA, sport: 37_144, dst: nginx1, dport: 8080 });
    const error = new Walk(icmpPacket({ src: '10.244.1.1', dst: podA, type: 3, code: 3, quoted }), {
      at: 1 * MS,
    })
      .queue('node-1 cni0', { ct: 9, conntrack: { ...serviceEntry(nginx1, true), ctinfo: 4 } })
      .queue('node-1 va')
      .receive('pod-a eth0');
    const journey = new Rig().walk(request, error).finish().of(error);
    expect(journey).toMatchObject({
      direction: 'related',
      from: { kind: 'node', name: 'node-1' },
      to: { name: 'pod-a' },
      service: { name: 'nginx-service' },
      packet: { icmp: { type: 3, code: 3 } },
    });
    expect(journey.packet.icmp).not.toHaveProperty('id');
  });

  test('without NAT there is no backend', () => {
    const walk = new Walk(tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 8080 }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const journey = resolved(walk);
    expect(journey.to).toMatchObject({ name: 'nginx-1', port: 8080 });
    expect(journey).not.toHaveProperty('backend');
    expect(journey).not.toHaveProperty('service');
  });

  test('masquerade changes the source alone: whom it is for stays', () => {
    const journey = resolved(outsideRequest());
    expect(journey.from).toMatchObject({ name: 'pod-a', ip: podA, port: 37_144 });
    expect(journey.to).toMatchObject({ ip: '203.0.113.10', port: 80 });
    expect(journey).not.toHaveProperty('backend');
  });

  test('of ARP: who asks and who is asked for, no family, no flow', () => {
    const walk = new Walk(arpPacket({ op: 1, sender: podA, target: nginx1 }))
      .queue('pod-a eth0')
      .receive('node-1 va');
    const journey = resolved(walk);
    expect(journey).toMatchObject({
      direction: 'none',
      proto: 'arp',
      from: { name: 'pod-a' },
      to: { name: 'nginx-1' },
      packet: { arp: { op: 1, sender: podA, target: nginx1 } },
      summary: 'ARP who has 10.244.1.6?',
    });
    expect(journey).not.toHaveProperty('family');
    expect(journey).not.toHaveProperty('flow');
    expect(journey.hops[0]?.tuple).toEqual({ proto: 'arp', op: 1, src: podA, dst: nginx1 });
  });

  test('of bytes that nobody can read: unknown, honestly', () => {
    const walk = new Walk({ bytes: new Uint8Array(20), protocol: 0x88cc, lenBytes: 6 }).queue('pod-a eth0');
    expect(resolved(walk)).toMatchObject({
      proto: '35020',
      from: { kind: 'unknown' },
      summary: 'protocol 0x88cc',
    });
  });
});
