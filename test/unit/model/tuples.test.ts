/** Which tuples are one conversation, as a namespace sees it. */
import { describe, expect, test } from 'vitest';
import type { NetworkLayer } from '../../../src/model/event.ts';
import { conntrackKey, conversationKey, isMulticast } from '../../../src/model/tuples.ts';
import { parseHeaders } from '../../../src/wire/headers.ts';
import {
  arpPacket,
  icmpPacket,
  ipPacket,
  type Packet,
  tcpPacket,
  udpPacket,
} from '../../helpers/frames-packets.ts';

function layer(packet: Packet): NetworkLayer {
  return parseHeaders(packet.bytes, 14, packet.protocol, new Set())!.outer;
}

const a = '10.244.1.5';
const b = '10.244.2.7';
const key = (packet: Packet, netns = 1): string | undefined => conversationKey(netns, layer(packet));
const there = tcpPacket({ src: a, dst: b, sport: 41_002, dport: 80 });
const back = tcpPacket({ src: b, dst: a, sport: 80, dport: 41_002 });

describe('the key of a conversation', () => {
  test('is the same in both directions', () => {
    expect(key(there)).toBe(key(back));
  });

  test('differs by port, protocol, namespace', () => {
    const others = [
      key(tcpPacket({ src: a, dst: b, sport: 41_003, dport: 80 })),
      key(udpPacket({ src: a, dst: b, sport: 41_002, dport: 80 })),
      key(there, 2),
      key(tcpPacket({ src: b, dst: a, sport: 41_002, dport: 80 })),
    ];
    expect(new Set([key(there), ...others]).size).toBe(5);
  });

  test('of an echo is its id, with the reply', () => {
    const echo = (type: number, id: number, src = a, dst = b) =>
      key(icmpPacket({ src, dst, type, echo: { id, seq: 1 } }));
    expect(echo(8, 5)).toBe(echo(0, 5, b, a));
    expect(echo(8, 5)).not.toBe(echo(8, 6));
    const six = ['fd00::1', 'fd00::2'] as const;
    expect(echo(128, 5, ...six)).toBe(echo(129, 5, six[1], six[0]));
  });

  test('is that of conntrack’s entry for the same packets', () => {
    const tuple = { proto: 6, src: a, dst: b, sport: 41_002, dport: 80 };
    expect(conntrackKey(1, tuple)).toBe(key(there));
    const echo = { proto: 1, src: a, dst: b, sport: 5, dport: 8 << 8 };
    expect(conntrackKey(1, echo)).toBe(key(icmpPacket({ src: a, dst: b, type: 8, echo: { id: 5, seq: 9 } })));
  });

  test('is none for what has no conversation', () => {
    const none = [
      arpPacket({ op: 1, sender: a, target: b }),
      icmpPacket({ src: a, dst: b, type: 3, code: 3 }),
      icmpPacket({ src: 'fd00::1', dst: 'ff02::1:ff00:2', type: 135 }),
      udpPacket({ src: a, dst: '224.0.0.251', sport: 5353, dport: 5353 }),
      udpPacket({ src: a, dst: b, sport: 5, dport: 6, fragment: { id: 1, offset: 1480, more: false } }),
      ipPacket({ src: a, dst: b }, 47, [0, 0, 8, 0]),
    ];
    expect(none.map(packet => key(packet))).toEqual(none.map(() => undefined));
  });
});

test('multicast and broadcast', () => {
  const yes = ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'];
  const no = ['223.255.255.255', '240.0.0.1', '10.0.0.1', 'fe80::1', 'fd00::1', '::1'];
  expect([...yes, ...no].filter(ip => isMulticast(ip))).toEqual(yes);
});
