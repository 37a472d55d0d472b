/** The form for a person: what is shown in full, what in one line, and that it fits the terminal. */
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { CompactRenderer } from '../../../src/cli/render/compact.ts';
import { rendererFor } from '../../../src/cli/render/renderer.ts';
import { styleFor } from '../../../src/cli/render/style.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { arpPacket, icmpPacket, type Packet, tcpPacket, udpPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  outsideRequest,
  podA,
  sameNodeReply,
  sameNodeRequest,
} from '../../helpers/journeys-ways.ts';

const label = (hop: Journey['hops'][number]): string =>
  hop.netns.name?.slice(4) ?? `netns ${hop.netns.cookie}`;

function rendered(
  journeys: readonly Journey[],
  options: { width?: number; color?: true; wide?: true } = {},
): string[] {
  const lines: string[] = [];
  const compact = new CompactRenderer({
    style: styleFor(options.color === true ? 'always' : 'never', false),
    width: options.width ?? 100,
    write: line => lines.push(line),
    wide: options.wide === true,
    label,
  });
  for (const journey of journeys) compact.journey(journey);
  compact.flush();
  return lines;
}

/** In the order in which they were sent. */
function journeysOf(...walks: readonly Walk[]): Journey[] {
  const rig = new Rig().walk(...walks).finish();
  return walks.map(walk => rig.of(walk));
}

const data = (sport: number, seq: number) => ({
  sport,
  tcp: { flags: 'PA', seq, payload: new Uint8Array(76) },
});

/** A curl over a service, with a drop, a flood and a gap. */
function story(): Journey[] {
  const frame = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6 });
  const flooded = new Walk(arpPacket({ op: 1, sender: podA, target: nginx1 }), { at: 40 * MS })
    .queue('pod-a eth0')
    .receive('node-1 va');
  const copy = new Walk(flooded.packet, { at: flooded.nowNs + 1000, head: flooded.head })
    .queue('node-1 vx', { flags: 0 })
    .receive('pod-x eth0')
    .freed('OTHERHOST', 'ip_rcv_core');
  flooded.queue('node-1 vb', { at: copy.nowNs + 500 }).receive('nginx-1 eth0');
  return journeysOf(
    crossNodeRequest({ at: 0 }),
    crossNodeReply({ at: 1 * MS }),
    crossNodeRequest({ at: 2 * MS, ...data(37_144, 1000) }),
    outsideRequest({ at: 3 * MS, sport: 9 }),
    new Walk(frame, { at: 4 * MS })
      .queue('pod-a eth0')
      .receive('node-1 va')
      .freed('NETFILTER_DROP', 'nft_do_chain'),
    new Walk(frame, { at: 5 * MS }).receive('node-1 va').queue('node-1 vb').receive('nginx-1 eth0'),
    flooded,
    copy,
  );
}

describe('the width', () => {
  test.each([80, 100, 160])('of %i columns is kept, in colour too', width => {
    for (const color of [undefined, true] as const)
      for (const wide of [undefined, true] as const) {
        const options = {
          width,
          ...(color === undefined ? {} : { color }),
          ...(wide === undefined ? {} : { wide }),
        };
        const lines = rendered(story(), options);
        expect(lines.length).toBeGreaterThan(20);
        for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(width);
      }
  });

  test('is kept by names as long as Kubernetes allows, but for the words themselves', () => {
    const long = 'a-deployment-with-a-name-of-exactly-sixty-three-letters-abcdefg';
    const journeys = story().map(journey => ({
      ...journey,
      from: { ...journey.from, name: long },
      to: { ...journey.to, name: `to-${long}`.slice(0, 63) },
    }));
    for (const line of rendered(journeys, { width: 80 })) {
      const longest = Math.max(...line.split(' ').map(word => stringWidth(word)));
      if (longest < 60) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
    }
  });

  test('without colours there is no escape', () => {
    expect(rendered(story()).join('\n')).not.toContain('\u001b');
    expect(rendered(story(), { color: true }).join('\n')).toContain('\u001b');
  });
});

describe('what is shown', () => {
  test('the first on a way in full: ends, one line a hop, what became of it', () => {
    const lines = rendered(journeysOf(crossNodeRequest()));
    expect(lines[1]).toBe('#1 SYN  pod-a:37144 → nginx-service:80 → nginx-2:8080 (request, +0.000 ms)');
    expect(lines.slice(2)).toEqual([
      '     0.0 µs  pod-a   eth0      out → node-1 va',
      '     2.0 µs  node-1  cni0      ~ 10.96.45.123:80 → 10.244.2.7:8080 (DNAT)',
      '     3.0 µs  node-1  cni0      ~ forwarded, TTL 63',
      '     4.0 µs  node-1  flannel.1 ~ wrapped by flannel.1 (vxlan vni 1 172.18.0.2→172.18.0.3)',
      '     4.0 µs  node-1  eth0      out → host vn1',
      '     6.0 µs  host    vn2       out → node-2 eth0',
      '     8.0 µs  node-2  flannel.1 ~ unwrapped by flannel.1',
      '     9.0 µs  node-2  flannel.1 ~ forwarded, TTL 62',
      '    10.0 µs  node-2  vc        out → nginx-2 eth0',
      '    11.0 µs  nginx-2 eth0      ✓ in, delivered',
    ]);
  });

  test('where the head does not fit, the ends stand below it', () => {
    const lines = rendered(journeysOf(crossNodeRequest()), { width: 70 });
    expect(lines.slice(1, 3)).toEqual([
      '#1 SYN  (request, +0.000 ms)',
      '     pod-a:37144 → nginx-service:80 → nginx-2:8080',
    ]);
  });

  test('where the summary alone takes the line, the rest stands below it', () => {
    const [journey] = journeysOf(crossNodeRequest());
    const long = { ...journey!, summary: 'DNS nginx-service.default.svc.cluster.local = 10.96.45.123' };
    expect(rendered([long], { width: 70 }).slice(1, 4)).toEqual([
      '#1 DNS nginx-service.default.svc.cluster.local = 10.96.45.123',
      '     pod-a:37144 → nginx-service:80 → nginx-2:8080',
      '     (request, +0.000 ms)',
    ]);
  });

  test('the next on the same way in one line, with its slowest stretch', () => {
    const lines = rendered(journeysOf(sameNodeRequest({ at: 0 }), sameNodeRequest({ at: 5 * MS, sport: 9 })));
    expect(lines.at(-1)).toBe('    +5.000 ms → SYN  5.0 µs, slowest 1.0 µs pod-a → node-1  #2');
  });

  test('a wait for a MAC address is no other way', () => {
    const way = (sport: number, at: number) =>
      new Walk(tcpPacket({ src: podA, dst: nginx1, sport, dport: 6 }), { at })
        .queue('pod-a eth0')
        .receive('node-1 va');
    const waiting = way(5, 0).waits('node-1 vb').queue('node-1 vb').receive('nginx-1 eth0');
    const next = way(6, 50 * MS)
      .queue('node-1 vb')
      .receive('nginx-1 eth0');
    const lines = rendered(journeysOf(waiting, next));
    expect(lines.join('\n')).toContain('waits until the next hop tells its MAC address');
    expect(lines.at(-1)).toContain('+50.000 ms → SYN');
  });

  test('the slowest stretch is left out where it does not fit', () => {
    const [first, second] = journeysOf(sameNodeRequest({ at: 0 }), sameNodeRequest({ at: 5 * MS, sport: 9 }));
    const named = { ...second!, summary: 'DNS A? nginx-service.default.svc.cluster.local' };
    const line = (width: number) => rendered([first!, named], { width }).at(-1);
    expect(line(110)).toMatch(/, slowest 1.0 µs pod-a → node-1 {2}#2$/);
    expect(line(80)).toMatch(/local {2}5.0 µs {2}#2$/);
    expect(rendered([first!, named], { width: 60 }).slice(-3)).toEqual([
      '    +5.000 ms → DNS A?',
      '                  nginx-service.default.svc.cluster.local',
      '                  5.0 µs #2',
    ]);
  });

  test('another way, a drop, an incomplete one in full again', () => {
    const heads = rendered(story()).filter(line => line.startsWith('#'));
    expect(heads.map(line => line.split('  ')[0])).toEqual([
      '#1 SYN',
      '#2 SYN-ACK',
      '#4 SYN',
      '#5 SYN',
      '#6 SYN',
      '#7 ARP who has 10.244.1.6?',
    ]);
  });

  test('a drop in words, with advice, and marked', () => {
    const text = rendered(story(), { width: 160 }).join('\n');
    expect(text).toContain('✗ DROPPED NETFILTER_DROP in nft_do_chain: a firewall rule decided so');
  });

  test('an incomplete one says so, and where', () => {
    const text = rendered(story(), { width: 160 }).join('\n');
    expect(text).toContain('gap before the first line: where it came from was not seen');
    expect(text).toContain('(incomplete)');
  });

  test('a copy that its receiver ignores in one line', () => {
    expect(rendered(story()).filter(line => line.includes('⤷'))).toEqual([
      '   +40.002 ms ⤷ a copy of #7 flooded to pod-x, which ignores it',
    ]);
  });

  test('data packets of one way collapse into a line', () => {
    const way = Array.from({ length: 41 }, (_, n) =>
      crossNodeRequest({ at: n * MS, ...data(37_144, 1000 + 76 * n) }),
    );
    const lines = rendered(journeysOf(...way));
    expect(lines.at(-1)).toBe(
      '    +1.000 ms → 40 data packets until +40.000 ms, 3.0 kB, p50 11.0 µs, p99 11.0 µs, all delivered',
    );
  });

  test('data and acknowledgements are not counted together', () => {
    const acks = [5, 6, 7].map(n => crossNodeRequest({ at: n * MS, tcp: { flags: 'A', seq: n } }));
    const lines = rendered(
      journeysOf(
        crossNodeRequest({ at: 0, ...data(37_144, 1) }),
        crossNodeRequest({ at: 1 * MS, ...data(37_144, 77) }),
        ...acks,
      ),
    );
    expect(lines.slice(-3)).toEqual([
      expect.stringContaining('→ data 76 B  11.0 µs'),
      expect.stringContaining('→ ACK  11.0 µs'),
      '    +6.000 ms → 2 ACKs until +7.000 ms, p50 11.0 µs, p99 11.0 µs, all delivered',
    ]);
  });

  test('UDP packets and pings collapse too, the first of each excepted', () => {
    const udp = (n: number) =>
      udpPacket({ src: podA, dst: nginx1, sport: 5, dport: 9000, id: n, payload: new Uint8Array(100) });
    const ping = (seq: number) =>
      icmpPacket({ src: podA, dst: nginx1, type: 8, code: 0, echo: { id: 7, seq } });
    const walk = (packet: Packet, at: number) =>
      new Walk(packet, { at })
        .queue('pod-a eth0')
        .receive('node-1 va')
        .queue('node-1 vb')
        .receive('nginx-1 eth0');
    const walks = [1, 2, 3, 4].flatMap(n => [walk(udp(n), n * MS), walk(ping(n), n * MS + 1000)]);
    const lines = rendered(journeysOf(...walks));
    expect(lines.filter(line => line.startsWith('#'))).toHaveLength(2);
    expect(lines.slice(-2)).toEqual([
      '    +1.000 ms → 3 UDP packets until +3.000 ms, 300 B, p50 3.0 µs, p99 3.0 µs, all delivered',
      '    +1.001 ms → 3 echo requests until +3.001 ms, p50 3.0 µs, p99 3.0 µs, all delivered',
    ]);
  });

  test('a run is written while it goes on, by the clock of the kernel', () => {
    const lines: string[] = [];
    const renderer = new CompactRenderer({
      style: styleFor('never', false),
      width: 100,
      write: line => lines.push(line),
      wide: false,
      label,
    });
    const way = [0, 1, 2].map(n => crossNodeRequest({ at: n * MS, ...data(37_144, 1000 + 76 * n) }));
    const journeys = journeysOf(...way);
    for (const journey of journeys) renderer.journey(journey);
    const shown = lines.length;
    renderer.beat(BigInt(journeys[1]!.startNs) + 4_000_000_000n);
    expect(lines).toHaveLength(shown);
    renderer.beat(BigInt(journeys[1]!.startNs) + 6_000_000_000n);
    expect(lines.slice(shown)).toEqual([expect.stringContaining('→ 2 data packets')]);
    renderer.flush();
    expect(lines).toHaveLength(shown + 1);
  });

  test('what is sent again, answers or is about another says so; what was dropped says what answered', () => {
    const syn = tcpPacket({ src: podA, dst: nginx1, sport: 5, dport: 6, seq: 1 });
    const rst = tcpPacket({ src: nginx1, dst: podA, sport: 6, dport: 5, flags: 'RA', ack: 2 });
    const way = (at: number) =>
      new Walk(syn, { at })
        .queue('pod-a eth0')
        .receive('node-1 va')
        .queue('node-1 vb')
        .receive('nginx-1 eth0');
    const first = way(0);
    const again = way(1000 * MS).freed('NO_SOCKET', 'tcp_v4_rcv');
    const answer = new Walk(rst, { at: again.nowNs - 500 }).queue('nginx-1 eth0').receive('node-1 vb');
    answer.queue('node-1 va').receive('pod-a eth0');
    const text = rendered(journeysOf(first, again, answer)).join('\n');
    expect(text).toContain('(request, +1000.000 ms, sent again after #1)');
    expect(text).toContain('✓ nobody listens on that port (NO_SOCKET in tcp_v4_rcv), answered by #3');
    expect(text).toMatch(/#3 RST-ACK .*\(reply, \+1000\.\d+ ms, answers #2\)/);
  });

  test('one that was sent before the first that closed has a time before it', () => {
    const [early, late] = journeysOf(crossNodeRequest({ at: 0 }), sameNodeRequest({ at: 2 * MS }));
    expect(rendered([late!, early!])).toContainEqual(expect.stringContaining('(request, −2.000 ms)'));
  });

  test('one that took more than three times the usual, and a millisecond, in full', () => {
    const slow = crossNodeRequest({ at: 50 * MS, sport: 8 });
    for (const [n, event] of slow.events.entries())
      if (n > 6) slow.events[n] = { ...event, timeNs: event.timeNs + 4 * MS };
    const usual = [0, 1, 2, 3].map(n => crossNodeRequest({ at: n * MS, sport: 100 + n }));
    const heads = rendered(journeysOf(...usual, slow)).filter(line => line.startsWith('#'));
    expect(heads).toHaveLength(2);
    expect(heads[1]).toMatch(/^#5 SYN/);
  });

  test('a drop in a line of its own where the packet was, its words below each other', () => {
    const lines = rendered(story(), { width: 80 });
    const at = lines.findIndex(line => line.includes('✗ DROPPED'));
    const column = lines[at]!.indexOf('✗') + 2;
    expect(lines[at + 1]!.slice(0, column).trim()).toBe('');
    expect(lines[at + 1]![column]).not.toBe(' ');
  });

  test('replies point back', () => {
    const lines = rendered(journeysOf(sameNodeReply({ at: 0 }), sameNodeReply({ at: 1 * MS, sport: 9 })));
    expect(lines.at(-1)).toContain(' ← SYN-ACK');
  });

  test('with -o wide every hop of every packet', () => {
    const journeys = journeysOf(crossNodeRequest({ at: 0 }), crossNodeRequest({ at: 5 * MS, sport: 9 }));
    const hops = rendered(journeys, { wide: true, width: 160 }).filter(line => line.includes(' µs  '));
    expect(hops).toHaveLength(journeys[0]!.hops.length * 2);
  });
});

describe('other formats', () => {
  const lines: string[] = [];
  const options = {
    style: styleFor('never', false),
    width: 80,
    write: (line: string) => lines.push(line),
    label,
  };

  test('json: one line a journey, as it is', () => {
    const journeys = journeysOf(crossNodeRequest());
    const renderer = rendererFor('json', options);
    for (const journey of journeys) renderer.journey(journey);
    renderer.finish();
    expect(lines.map(line => JSON.parse(line))).toEqual(journeys);
  });
});
