/** What changed between two hops, and what in the kernel does such a thing. */
import { describe, expect, test } from 'vitest';
import type { Change, Journey } from '../../../src/model/journey.ts';
import { tcpPacket, udpPacket } from '../../helpers/frames-packets.ts';
import { conntrackOf, type EventMore, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  nginx2,
  node1,
  outsideRequest,
  podA,
  sameNodeReply,
  sameNodeRequest,
  service,
} from '../../helpers/journeys-ways.ts';

const resolved = (walk: Walk): Journey => new Rig().walk(walk).finish().of(walk);

/** Of the given fields, `layer stage: from → to by`. */
function rewrites(journey: Journey, fields: readonly Change['field'][] = ['src', 'dst', 'encap']): string[] {
  return journey.hops.flatMap(hop =>
    hop.changes
      .filter(change => fields.includes(change.field))
      .map(({ from = '-', to = '-', by }) => `${hop.layer} ${hop.stage}: ${from} → ${to} ${by}`),
  );
}

describe('NAT, as conntrack tells it', () => {
  test('DNAT of a service, undone for the reply', () => {
    expect(rewrites(resolved(sameNodeRequest()))).toEqual([
      'netfilter prerouting: 10.96.45.123:80 → 10.244.1.6:8080 dnat',
    ]);
    expect(rewrites(resolved(sameNodeReply()))).toEqual([
      'netfilter postrouting: 10.244.1.6:8080 → 10.96.45.123:80 undnat',
    ]);
  });

  test('masquerade: to an address of the rewriting namespace itself', () => {
    expect(rewrites(resolved(outsideRequest()))[0]).toBe(
      'netfilter postrouting: 10.244.1.5:37144 → 172.18.0.2:61001 masquerade',
    );
  });

  const outside = { src: podA, sport: 5, dst: '203.0.113.10', dport: 80 };

  /** Forwarded by node-1 with these headers behind, and this conntrack entry. */
  function forwarded(before: typeof outside, after: typeof outside, entry: EventMore): Walk {
    return new Walk(tcpPacket(before))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .receive('node-1 cni0', entry)
      .becomes(tcpPacket({ ...after, ttl: 63 }))
      .queue('node-1 eth0', entry);
  }

  test('SNAT: to an address that is elsewhere', () => {
    const conntrack = conntrackOf(outside, { src: ['198.51.100.1', 7] });
    const walk = forwarded(outside, { ...outside, src: '198.51.100.1', sport: 7 }, { ct: 1, conntrack });
    expect(rewrites(resolved(walk))).toEqual(['netfilter postrouting: 10.244.1.5:5 → 198.51.100.1:7 snat']);
  });

  test('SNAT undone for the reply', () => {
    const conntrack = conntrackOf(outside, { src: [node1, 61_001], reply: true });
    const back = { src: '203.0.113.10', sport: 80 };
    const walk = new Walk(tcpPacket({ ...back, dst: node1, dport: 61_001 }))
      .queue('host vn1')
      .receive('node-1 eth0')
      .becomes(tcpPacket({ ...back, dst: podA, dport: 5, ttl: 63 }))
      .queue('node-1 cni0', { ct: 1, conntrack });
    expect(rewrites(resolved(walk))).toEqual([
      'netfilter prerouting: 172.18.0.2:61001 → 10.244.1.5:5 unsnat',
    ]);
  });

  test('rewritten although conntrack did not: tc or eBPF', () => {
    const entry = { ct: 1, conntrack: conntrackOf(outside) };
    const walk = forwarded(outside, { ...outside, dst: nginx1, dport: 8080 }, entry);
    expect(rewrites(resolved(walk))).toEqual(['netfilter prerouting: 203.0.113.10:80 → 10.244.1.6:8080 bpf']);
  });

  test('of a reply likewise, in both ends', () => {
    const entry = { ct: 1, conntrack: conntrackOf(outside, { reply: true }) };
    const back = { src: '203.0.113.10', sport: 80, dst: podA, dport: 5 };
    const walk = forwarded(back, { ...back, src: service, dst: nginx1 }, entry);
    expect(rewrites(resolved(walk))).toEqual([
      'netfilter prerouting: 10.244.1.5:5 → 10.244.1.6:5 bpf',
      'netfilter postrouting: 203.0.113.10:80 → 10.96.45.123:80 bpf',
    ]);
  });

  test('rewritten where there is no conntrack: not known by what', () => {
    const walk = forwarded(outside, { ...outside, dst: nginx1, dport: 8080 }, {});
    expect(rewrites(resolved(walk))).toEqual([
      'netfilter prerouting: 203.0.113.10:80 → 10.244.1.6:8080 unknown',
    ]);
  });

  test('of the port alone is one change too', () => {
    const conntrack = conntrackOf(outside, { src: [podA, 9] });
    const walk = forwarded(outside, { ...outside, sport: 9 }, { ct: 1, conntrack });
    expect(rewrites(resolved(walk))).toEqual(['netfilter postrouting: 10.244.1.5:5 → 10.244.1.5:9 snat']);
  });

  test('IPv6 addresses with ports stand in brackets', () => {
    const six = { src: 'fd00:10:244:1::5', sport: 5, dst: 'fd00:10:96::6417', dport: 80 };
    const conntrack = conntrackOf(six, { dst: ['fd00:10:244:1::6', 8080] });
    const walk = new Walk(tcpPacket(six))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .becomes(tcpPacket({ ...six, dst: 'fd00:10:244:1::6', dport: 8080 }))
      .receive('node-1 cni0', { ct: 1, conntrack });
    const journey = resolved(walk);
    expect(rewrites(journey)).toEqual([
      'netfilter prerouting: [fd00:10:96::6417]:80 → [fd00:10:244:1::6]:8080 dnat',
    ]);
    expect(journey.hops.find(hop => hop.layer === 'netfilter')?.tuple).toMatchObject({
      dst: 'fd00:10:244:1::6',
      dport: 8080,
    });
  });

  test('both ends at once: DNAT before, SNAT after the routing decision', () => {
    const conntrack = conntrackOf(
      { ...outside, dst: service },
      { dst: [nginx2, 8080], src: ['10.244.1.1', 61_001] },
    );
    const walk = new Walk(tcpPacket({ ...outside, dst: service }))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .becomes(tcpPacket({ src: '10.244.1.1', sport: 61_001, dst: nginx2, dport: 8080, ttl: 63 }))
      .queue('node-1 flannel.1', { ct: 1, conntrack });
    const inferred = resolved(walk).hops.filter(hop => hop.inferred);
    expect(inferred.map(hop => `${hop.layer} ${hop.stage}`)).toEqual([
      'netfilter prerouting',
      'route lookup',
      'netfilter postrouting',
    ]);
    expect(inferred.map(hop => [hop.tuple?.src, hop.tuple?.dst])).toEqual([
      [podA, nginx2],
      [podA, nginx2],
      ['10.244.1.1', nginx2],
    ]);
  });

  test('in OUTPUT, before the first device: conntrack remembers what was written', () => {
    const orig = { src: node1, sport: 5, dst: service, dport: 80 };
    const conntrack = conntrackOf(orig, { dst: [nginx1, 8080] });
    const walk = new Walk(tcpPacket({ ...orig, dst: nginx1, dport: 8080 })).queue('node-1 cni0', {
      ct: 1,
      conntrack,
    });
    const journey = resolved(walk);
    expect(rewrites(journey)).toEqual(['netfilter output: 10.96.45.123:80 → 10.244.1.6:8080 dnat']);
    expect(journey.addressed).toEqual({ ip: service, port: 80 });
    expect(journey.to).toMatchObject({ kind: 'service', name: 'nginx-service' });
    expect(journey.backend).toMatchObject({ name: 'nginx-1', port: 8080 });
  });

  test('an entry that did not rewrite changes nothing', () => {
    const conntrack = conntrackOf({ src: node1, sport: 5, dst: nginx1, dport: 8080 });
    const walk = new Walk(tcpPacket({ src: node1, sport: 5, dst: nginx1, dport: 8080 })).queue(
      'node-1 cni0',
      { ct: 1, conntrack },
    );
    expect(rewrites(resolved(walk))).toEqual([]);
  });

  test('a later fragment shows no port, which is no rewrite', () => {
    const packet = udpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
    const part = udpPacket({
      src: podA,
      dst: nginx1,
      sport: 5,
      dport: 6,
      fragment: { id: 1, offset: 1480, more: false },
    });
    const walk = new Walk(packet).queue('pod-a eth0').becomes(part).receive('node-1 va');
    expect(rewrites(resolved(walk))).toEqual([]);
  });
});

describe('where netfilter hooks were watched, rewrites are seen', () => {
  test('at the hook, not between', () => {
    const way = sameNodeRequest();
    const entry = { ct: way.events[2]!.ct!, conntrack: way.events[2]!.conntrack! };
    const syn = (dst: string, dport: number) =>
      tcpPacket({ src: podA, sport: 37_144, dst, dport, seq: 961_287_140 });
    const walk = new Walk(syn(service, 80))
      .queue('pod-a eth0')
      .receive('node-1 va')
      .becomes(syn(nginx1, 8080))
      .hook('node-1 cni0', 0, entry)
      .receive('node-1 cni0', entry);
    const journey = resolved(walk);
    expect(rewrites(journey)).toEqual(['netfilter prerouting: 10.96.45.123:80 → 10.244.1.6:8080 dnat']);
    const hook = journey.hops.find(hop => hop.layer === 'netfilter');
    expect(hook).toMatchObject({
      hook: 'NF_INET_PRE_ROUTING',
      text: '10.96.45.123:80 → 10.244.1.6:8080 (DNAT): conntrack remembers it for the others',
    });
    expect(hook?.inferred).toBeUndefined();
  });

  test('one that only passes is there and folded', () => {
    const walk = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .hook('node-1 cni0', 2)
      .queue('node-1 vb');
    const hop = resolved(walk).hops.find(({ stage }) => stage === 'forward');
    expect(hop).toMatchObject({ layer: 'netfilter', stage: 'forward', repeats: true, changes: [] });
  });
});

test('a rewrite before it waits for its next hop’s MAC address is told too', () => {
  const way = sameNodeRequest();
  const entry = { ct: way.events[2]!.ct!, conntrack: way.events[2]!.conntrack! };
  const syn = { src: podA, sport: 37_144, seq: 961_287_140 };
  const walk = new Walk(tcpPacket({ ...syn, dst: service, dport: 80 }))
    .queue('pod-a eth0')
    .receive('node-1 va')
    .becomes(tcpPacket({ ...syn, dst: nginx1, dport: 8080, ttl: 63 }))
    .waits('node-1 cni0', entry)
    .queue('node-1 cni0', entry);
  const journey = resolved(walk);
  expect(journey.hops.map(hop => `${hop.layer} ${hop.stage}`)).toEqual([
    'device tx',
    'device rx',
    'netfilter prerouting',
    'route lookup',
    'neighbour lookup',
    'device tx',
  ]);
  expect(rewrites(journey, ['dst', 'ttl'])).toEqual([
    'netfilter prerouting: 10.96.45.123:80 → 10.244.1.6:8080 dnat',
    'route lookup: 64 → 63 forward',
  ]);
});

describe('other changes', () => {
  test('forwarding takes one off the TTL, at the routing decision', () => {
    const journey = resolved(sameNodeRequest());
    expect(rewrites(journey, ['ttl'])).toEqual(['route lookup: 64 → 63 forward']);
  });

  test('a tunnel wraps and unwraps, once each', () => {
    expect(rewrites(resolved(crossNodeRequest()), ['encap'])).toEqual([
      'tunnel encap: - → vxlan vni 1 172.18.0.2→172.18.0.3 vxlan',
      'tunnel decap: vxlan vni 1 172.18.0.2→172.18.0.3 → - vxlan',
    ]);
  });

  test('the other node’s bridge sees the reply’s DNAT undone behind the tunnel', () => {
    expect(rewrites(resolved(crossNodeReply()), ['src', 'dst'])).toEqual([
      'netfilter postrouting: 10.244.2.7:8080 → 10.96.45.123:80 undnat',
    ]);
  });

  test('mark, VLAN, DSCP, MAC, length', () => {
    const base = { src: podA, dst: nginx1, sport: 5, dport: 6 };
    const walk = new Walk(tcpPacket(base))
      .queue('pod-a eth0')
      .becomes(
        tcpPacket({
          ...base,
          dscp: 46,
          payload: new Uint8Array(4),
          mac: { src: '02:00:00:00:00:0a', dst: '02:00:00:00:00:0b' },
        }),
      )
      .receive('node-1 va', { mark: 0x4000, vlanTci: 7 });
    const hop = resolved(walk).hops[1];
    expect(hop?.changes).toEqual([
      { field: 'dscp', from: '0', to: '46', by: 'unknown' },
      { field: 'mark', to: '16384', by: 'unknown' },
      { field: 'vlan', to: '7', by: 'unknown' },
      { field: 'length', from: '40', to: '44', by: 'unknown' },
      {
        field: 'mac',
        from: '02:00:00:00:00:01→02:00:00:00:00:02',
        to: '02:00:00:00:00:0a→02:00:00:00:00:0b',
        by: 'forward',
      },
    ]);
    expect(hop).toMatchObject({ mark: 0x4000, vlan: 7 });
  });

  test('a MAC header that is about to be written says nothing', () => {
    const base = { src: podA, dst: nginx1, sport: 5, dport: 6 };
    const blank = { src: '00:00:00:00:00:00', dst: '00:00:00:00:00:00' };
    const walk = new Walk(tcpPacket(base))
      .queue('pod-a eth0')
      .becomes(tcpPacket({ ...base, mac: blank }))
      .receive('node-1 va');
    expect(resolved(walk).hops[1]?.changes).toEqual([]);
  });

  test('nothing changes between equals', () => {
    const walk = new Walk(sameNodeRequest().packet)
      .queue('pod-a eth0')
      .receive('node-1 va')
      .queue('node-1 vb');
    for (const hop of resolved(walk).hops) expect(hop.changes).toEqual([]);
  });
});
