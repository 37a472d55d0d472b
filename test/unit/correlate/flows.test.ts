/** Which journeys are one conversation, over NAT and in both directions. CONTRACT 6. */
import { describe, expect, test } from 'vitest';
import { icmpPacket, tcpPacket, udpPacket } from '../../helpers/frames-packets.ts';
import { conntrackOf, MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  nginx2,
  node1,
  node2,
  outsideRequest,
  podA,
  sameNodeReply,
  sameNodeRequest,
  service,
  serviceEntry,
} from '../../helpers/journeys-ways.ts';

function flows(rig: Rig, ...walks: readonly Walk[]): string[] {
  return walks.map(walk => `${rig.of(walk).flow ?? '-'} ${rig.of(walk).direction}`);
}

describe('request and reply are one flow', () => {
  test('over DNAT, on one node', () => {
    const request = sameNodeRequest();
    const reply = sameNodeReply({ at: 1 * MS });
    expect(flows(new Rig().walk(request, reply).finish(), request, reply)).toEqual(['1 request', '1 reply']);
  });

  test('over DNAT and VXLAN, across nodes; the tunnel joins nothing', () => {
    const request = crossNodeRequest();
    const reply = crossNodeReply({ at: 1 * MS });
    const other = crossNodeRequest({ at: 2 * MS, sport: 40_000 });
    const rig = new Rig().walk(request, reply, other).finish();
    expect(flows(rig, request, reply, other)).toEqual(['1 request', '1 reply', '2 request']);
  });

  test('over masquerade: the reply comes back to another address and port', () => {
    const request = outsideRequest();
    const conntrack = conntrackOf(
      { src: podA, sport: 37_144, dst: '203.0.113.10', dport: 80 },
      { src: [node1, 61_001], reply: true },
    );
    const answer = { flags: 'SA', src: '203.0.113.10', sport: 80 };
    const reply = new Walk(tcpPacket({ ...answer, dst: node1, dport: 61_001 }), { at: 1 * MS })
      .queue('host vn1', { own: undefined as never })
      .receive('node-1 eth0')
      .becomes(tcpPacket({ ...answer, dst: podA, dport: 37_144, ttl: 63 }))
      .queue('node-1 cni0', { ct: 5, conntrack })
      .queue('node-1 va', { ct: 5, conntrack })
      .receive('pod-a eth0');
    expect(flows(new Rig().walk(request, reply).finish(), request, reply)).toEqual(['1 request', '1 reply']);
  });

  test('whichever of them closes first', () => {
    const syn = { src: podA, dst: nginx1, sport: 5, dport: 53 };
    const back = { src: nginx1, dst: podA, sport: 53, dport: 5 };
    for (const [requestEnd, replyEnd] of [
      ['skb_consume_udp', undefined],
      [undefined, 'skb_consume_udp'],
    ] as const) {
      const request = new Walk(udpPacket(syn))
        .queue('pod-a eth0')
        .receive('node-1 va')
        .queue('node-1 vb')
        .receive('nginx-1 eth0');
      const reply = new Walk(udpPacket(back), { at: 100_000 })
        .queue('nginx-1 eth0')
        .receive('node-1 vb')
        .queue('node-1 va')
        .receive('pod-a eth0');
      if (requestEnd !== undefined) request.consumed(requestEnd);
      if (replyEnd !== undefined) reply.consumed(replyEnd);
      const rig = new Rig().walk(request, reply).beats(5 * MS, 100 * MS);
      expect(flows(rig, request, reply)).toEqual(['1 request', '1 reply']);
    }
  });

  test('on loopback, where both ends have one address', () => {
    const ends = { src: '127.0.0.1', dst: '127.0.0.1' };
    const request = new Walk(tcpPacket({ ...ends, sport: 5, dport: 80 }))
      .queue('pod-a lo')
      .receive('pod-a lo');
    const reply = new Walk(tcpPacket({ ...ends, sport: 80, dport: 5, flags: 'SA' }), { at: 50_000 })
      .queue('pod-a lo')
      .receive('pod-a lo');
    expect(flows(new Rig().walk(request, reply).finish(), request, reply)).toEqual(['1 request', '1 reply']);
  });

  test('a hairpin: pod-a answers itself through the service', () => {
    const orig = { src: podA, sport: 37_144, dst: service, dport: 80 };
    const nat = { dst: [podA, 8080], src: ['10.244.1.1', 61_001] } as const;
    const there = { ct: 5, conntrack: conntrackOf(orig, nat) };
    const back = { ct: 5, conntrack: conntrackOf(orig, { ...nat, reply: true }) };
    const request = new Walk(tcpPacket({ ...orig }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .becomes(tcpPacket({ src: podA, sport: 37_144, dst: podA, dport: 8080 }))
      .receive('node-1 cni0', there)
      .becomes(tcpPacket({ src: '10.244.1.1', sport: 61_001, dst: podA, dport: 8080, ttl: 63 }))
      .queue('node-1 cni0', there)
      .queue('node-1 va', there)
      .receive('pod-a eth0');
    const reply = new Walk(
      tcpPacket({ src: podA, sport: 8080, dst: '10.244.1.1', dport: 61_001, flags: 'SA' }),
      { at: 50_000 },
    )
      .queue('pod-a eth0')
      .receive('node-1 va')
      .receive('node-1 cni0', back)
      .becomes(tcpPacket({ src: service, sport: 80, dst: podA, dport: 37_144, flags: 'SA', ttl: 63 }))
      .queue('node-1 cni0', back)
      .queue('node-1 va', back)
      .receive('pod-a eth0');
    expect(flows(new Rig().walk(request, reply).finish(), request, reply)).toEqual(['1 request', '1 reply']);
  });

  test('an open connection is known by who sent first', () => {
    const data = { flags: 'PA', seq: 5, payload: new Uint8Array(9) };
    const request = new Walk(tcpPacket({ ...data, src: podA, dst: nginx1, sport: 5, dport: 80 }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const reply = new Walk(tcpPacket({ src: nginx1, dst: podA, sport: 80, dport: 5, flags: 'A' }), {
      at: 50_000,
    })
      .queue('nginx-1 eth0')
      .receive('node-1 vb')
      .queue('node-1 va')
      .receive('pod-a eth0');
    expect(flows(new Rig().walk(request, reply).finish(), request, reply)).toEqual(['1 request', '1 reply']);
  });
});

describe('one conversation or another', () => {
  test('a SYN again is the same flow', () => {
    const first = crossNodeRequest();
    const again = crossNodeRequest({ at: 1000 * MS });
    expect(flows(new Rig().walk(first, again).finish(), first, again)).toEqual(['1 request', '1 request']);
  });

  test('a SYN with another initial sequence number is a new one, also for its reply', () => {
    const first = sameNodeRequest();
    const second = sameNodeRequest({ at: 100 * MS, tcp: { seq: 5 } });
    const reply = sameNodeReply({ at: 101 * MS });
    const rig = new Rig().walk(first, second, reply).beats(20 * MS, 200 * MS);
    expect(flows(rig, first, second, reply)).toEqual(['1 request', '2 request', '2 reply']);
  });

  test('other ports are another flow', () => {
    const one = sameNodeRequest();
    const two = sameNodeRequest({ at: 1 * MS, sport: 37_145 });
    expect(flows(new Rig().walk(one, two).finish(), one, two)).toEqual(['1 request', '2 request']);
  });

  test('the same addresses in another lab’s namespaces are another flow', () => {
    const packet = udpPacket({ src: '10.0.0.1', dst: '10.0.0.2', sport: 5, dport: 6 });
    const one = new Walk(packet).queue('pod-a eth0');
    const two = new Walk(packet, { at: 1 * MS }).queue('nginx-2 eth0');
    expect(flows(new Rig().walk(one, two).finish(), one, two)).toEqual(['1 request', '2 request']);
  });

  test('echoes are told apart by their id', () => {
    const ping = (type: number, id: number, at: number): Walk => {
      const there = type === 8;
      const packet = icmpPacket({
        src: there ? podA : nginx1,
        dst: there ? nginx1 : podA,
        type,
        echo: { id, seq: 1 },
      });
      const ways = there ? ['pod-a eth0', 'node-1 va'] : ['nginx-1 eth0', 'node-1 vb'];
      return new Walk(packet, { at })
        .queue(ways[0]!)
        .receive(ways[1]!)
        .queue(there ? 'node-1 vb' : 'node-1 va')
        .receive(there ? 'nginx-1 eth0' : 'pod-a eth0');
    };
    const walks = [ping(8, 1, 0), ping(8, 2, 100_000), ping(0, 2, 200_000), ping(0, 1, 300_000)];
    expect(flows(new Rig().walk(...walks).finish(), ...walks)).toEqual([
      '1 request',
      '2 request',
      '2 reply',
      '1 reply',
    ]);
  });

  test('what has no conversation has no flow', () => {
    const multicast = new Walk(udpPacket({ src: podA, dst: '224.0.0.251', sport: 5353, dport: 5353 })).queue(
      'pod-a eth0',
    );
    const solicitation = new Walk(icmpPacket({ src: 'fd00::1', dst: 'ff02::1:ff00:2', type: 135 }), {
      at: 5000,
    }).queue('pod-a eth0');
    const rig = new Rig().walk(multicast, solicitation).finish();
    expect(flows(rig, multicast, solicitation)).toEqual(['- none', '- none']);
  });
});

describe('ICMP errors are related to what they quote', () => {
  test('from the node, about the packet after DNAT', () => {
    const request = sameNodeRequest();
    const entry = { ct: 0xc0ffee, conntrack: { ...serviceEntry(nginx1, true), ctinfo: 4 } };
    const quoted = tcpPacket({
      src: podA,
      sport: 37_144,
      dst: nginx1,
      dport: 8080,
      id: 4711,
      seq: 961_287_140,
    });
    const translated = tcpPacket({
      src: podA,
      sport: 37_144,
      dst: service,
      dport: 80,
      id: 4711,
      seq: 961_287_140,
    });
    const error = new Walk(icmpPacket({ src: nginx1, dst: podA, type: 3, code: 3, quoted }), { at: 1 * MS })
      .queue('nginx-1 eth0')
      .receive('node-1 vb')
      .receive('node-1 cni0', entry)
      .becomes(icmpPacket({ src: service, dst: podA, type: 3, code: 3, quoted: translated, ttl: 63 }))
      .queue('node-1 va', entry)
      .receive('pod-a eth0');
    expect(flows(new Rig().walk(request, error).finish(), request, error)).toEqual([
      '1 request',
      '1 related',
    ]);
  });

  test('from a router on the way', () => {
    const request = crossNodeRequest();
    const quoted = tcpPacket({ src: podA, sport: 37_144, dst: nginx2, dport: 8080 });
    const error = new Walk(icmpPacket({ src: '10.244.1.1', dst: podA, type: 3, code: 4, quoted }), {
      at: 1 * MS,
    })
      .queue('node-1 cni0')
      .queue('node-1 va')
      .receive('pod-a eth0');
    const rig = new Rig().walk(request, error).finish();
    expect(flows(rig, request, error)).toEqual(['1 request', '1 related']);
    expect(rig.of(error).summary).toBe('ICMP fragmentation needed for tcp 10.244.2.7:8080');
  });

  test('about a tunnel’s outer packet: not the flow inside', () => {
    const request = crossNodeRequest();
    const quoted = udpPacket({ src: node1, dst: node2, sport: 50_953, dport: 8472 });
    const error = new Walk(icmpPacket({ src: node2, dst: node1, type: 3, code: 3, quoted }), { at: 1 * MS })
      .queue('node-2 eth0')
      .receive('host vn2');
    const rig = new Rig().walk(request, error).finish();
    expect(rig.of(error).direction).toBe('related');
    expect(rig.of(error).flow).not.toBe(rig.of(request).flow);
  });
});
