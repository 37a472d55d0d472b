/** Real packets (test/fixtures/frames/packets.json says which) and made ones. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Headers } from '../../../src/model/event.ts';
import { parseHeaders } from '../../../src/wire/headers.ts';
import {
  arpPacket,
  hexBytes,
  icmpPacket,
  ipPacket,
  type Packet,
  tcpPacket,
  udpPacket,
  vxlanPacket,
} from '../../helpers/frames-packets.ts';
import { ipv4, ipv6 } from './frames-arbitrary.ts';

const vxlanPorts = new Set([8472]);
const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/frames/packets.json', import.meta.url), 'utf8'),
) as readonly { readonly name: string; readonly bytes: string }[];

function real(name: string): Uint8Array {
  return hexBytes(fixtures.find(each => each.name === name)!.bytes);
}

function parsed(bytes: Uint8Array): Headers | undefined {
  return parseHeaders(bytes, 14, (bytes[12]! << 8) | bytes[13]!, vxlanPorts);
}

const headersOf = (packet: Packet): Headers | undefined => parsed(packet.bytes);

describe('recorded packets', () => {
  test('a SYN over IPv4', () => {
    const headers = parsed(real('tcp4-syn'));
    expect(headers?.ethernet).toEqual({ src: 'c2:36:6d:a2:49:d4', dst: '36:f3:12:05:ff:21' });
    expect(headers?.outer).toEqual({
      family: 4,
      proto: 6,
      src: '10.244.0.3',
      sport: 41_002,
      dst: '10.96.100.10',
      dport: 80,
      ttl: 64,
      dscp: 0,
      id: 9197,
      lenBytes: 60,
      payloadBytes: 0,
      tcp: { flags: 0x02, seq: 1_007_423_952, ack: 0 },
    });
    expect(headers?.inner).toBeUndefined();
    expect(headers?.quoted).toBeUndefined();
    expect(headers?.payload).toHaveLength(0);
  });

  test('its SYN-ACK: id 0, another TTL', () => {
    const outer = parsed(real('tcp4-synack'))?.outer;
    expect(outer).toMatchObject({
      id: 0,
      ttl: 62,
      tcp: { flags: 0x12, seq: 3_300_720_682, ack: 1_007_423_953 },
    });
  });

  test('data behind TCP options', () => {
    const headers = parsed(real('tcp4-get'));
    expect(headers?.outer.payloadBytes).toBe(76);
    expect(Buffer.from(headers!.payload).toString()).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  });

  test('that SYN in VXLAN over IPv4', () => {
    const headers = parsed(real('vxlan4-syn'));
    expect(headers?.outer).toMatchObject({
      proto: 17,
      src: '172.18.0.2',
      sport: 50_953,
      dst: '172.18.0.3',
      dport: 8472,
      id: 25_237,
      lenBytes: 110,
    });
    expect(headers?.vxlan).toEqual({ vni: 1 });
    expect(headers?.inner).toMatchObject({
      src: '10.244.0.3',
      sport: 41_002,
      dst: '10.244.1.5',
      dport: 8080,
      ttl: 63,
      id: 9197,
      tcp: { flags: 0x02, seq: 1_007_423_952, ack: 0 },
    });
  });

  test('an IPv6 SYN in VXLAN over IPv6', () => {
    const headers = parsed(real('vxlan6-syn'));
    expect(headers?.outer).toMatchObject({
      family: 6,
      src: 'fc00:f853:ccd:e793::2',
      dst: 'fc00:f853:ccd:e793::3',
      dport: 8472,
      flowLabel: 0,
    });
    expect(headers?.inner).toEqual({
      family: 6,
      proto: 6,
      src: 'fd00:10:244::3',
      sport: 41_301,
      dst: 'fd00:10:244:1::4',
      dport: 8080,
      ttl: 63,
      dscp: 0,
      flowLabel: 0x9d03d,
      lenBytes: 80,
      payloadBytes: 0,
      tcp: { flags: 0x02, seq: 3_729_906_364, ack: 0 },
    });
  });

  test('VXLAN on a port that is none of its own is UDP', () => {
    const bytes = real('vxlan4-syn');
    expect(parseHeaders(bytes, 14, 0x0800, new Set([4789]))?.inner).toBeUndefined();
  });

  test('VXLAN without the flag that says that its VNI counts is none', () => {
    const bytes = real('vxlan4-syn');
    bytes[14 + 20 + 8] = 0;
    expect(parsed(bytes)?.inner).toBeUndefined();
  });

  test('without the Ethernet header', () => {
    const bytes = real('tcp6-syn').subarray(14);
    const headers = parseHeaders(bytes, 0, 0x86dd, vxlanPorts);
    expect(headers?.ethernet).toBeUndefined();
    expect(headers?.outer).toMatchObject({ dst: 'fd00:10:96::6417', dport: 80, ttl: 64 });
  });

  test('DNS: the payload begins with its id', () => {
    const query = parsed(real('dns-query'));
    expect(query?.outer).toMatchObject({ proto: 17, dport: 53, payloadBytes: 80 });
    const answer = parsed(real('dns-answer'));
    for (const headers of [query, answer])
      expect([...headers!.payload.subarray(0, 2)]).toEqual([54_095 >> 8, 54_095 & 255]);
  });

  test('an ICMP error quotes the SYN as the node saw it', () => {
    const headers = parsed(real('icmp4-port-unreachable'));
    expect(headers?.outer).toMatchObject({ proto: 1, src: '10.244.0.1', dst: '10.244.0.3', dscp: 48 });
    expect(headers?.outer.icmp).toMatchObject({ type: 3, code: 3 });
    expect(headers?.quoted).toMatchObject({
      src: '10.244.0.3',
      sport: 41_802,
      dst: '10.96.100.20',
      dport: 80,
      ttl: 63,
      tcp: { seq: 3_182_579_648 },
    });
  });

  test('an ICMPv6 error quotes too', () => {
    const headers = parsed(real('icmp6-port-unreachable'));
    expect(headers?.outer.icmp).toMatchObject({ type: 1, code: 4 });
    expect(headers?.quoted).toMatchObject({
      src: 'fd77::1',
      sport: 34_550,
      dst: 'fd77::2',
      dport: 9999,
      payloadBytes: 3,
    });
  });

  test('ARP', () => {
    expect(parsed(real('arp-request'))?.outer).toEqual({
      family: 0,
      proto: 0,
      src: '10.244.0.1',
      dst: '10.244.0.6',
      lenBytes: 28,
      arp: { op: 1 },
    });
    expect(parsed(real('arp-reply'))?.outer).toMatchObject({
      src: '10.244.0.6',
      dst: '10.244.0.1',
      arp: { op: 2 },
    });
  });

  test('echo: id and sequence number', () => {
    const outer = parsed(real('icmp4-echo'))?.outer;
    expect(outer?.icmp).toEqual({ type: 8, code: 0, id: 8511, seq: 1 });
    expect(outer?.payloadBytes).toBe(56);
  });

  test('IPv4 fragments: only the first has a transport header', () => {
    const first = parsed(real('icmp4-fragment-first'))?.outer;
    const last = parsed(real('icmp4-fragment-last'))?.outer;
    expect(first?.fragment).toEqual({ id: first!.id, offset: 0, more: true });
    expect(last?.fragment).toEqual({ id: first!.id, offset: 1480, more: false });
    expect(first?.icmp).toMatchObject({ type: 8, id: 8505 });
    expect(last?.icmp).toBeUndefined();
    expect(last?.payloadBytes).toBeUndefined();
  });

  test('IPv6 fragments', () => {
    const first = parsed(real('icmp6-fragment-first'))?.outer;
    const last = parsed(real('icmp6-fragment-last'))?.outer;
    expect(first).toMatchObject({ proto: 58, fragment: { id: 0x09042c58, offset: 0, more: true } });
    expect(first?.icmp).toMatchObject({ type: 128, id: 8507, seq: 1 });
    expect(last).toMatchObject({ proto: 58, fragment: { id: 0x09042c58, offset: 1448, more: false } });
    expect(last?.icmp).toBeUndefined();
  });

  test('neighbour discovery, and a report behind a hop-by-hop header', () => {
    expect(parsed(real('icmp6-neighbour-solicitation'))?.outer).toMatchObject({
      proto: 58,
      dst: 'ff02::1:ff00:2',
      ttl: 255,
      icmp: { type: 135 },
    });
    expect(parsed(real('icmp6-listener-report'))?.outer).toMatchObject({
      proto: 58,
      dst: 'ff02::16',
      icmp: { type: 143 },
      payloadBytes: 40,
    });
  });

  test('cut at any byte, it says no more than was there', () => {
    for (const { name } of fixtures) {
      const whole = real(name);
      const all = parsed(whole)!;
      for (let length = 0; length <= whole.length; length++) {
        const cut = parsed(whole.subarray(0, length));
        if (cut === undefined) continue;
        // the last of several IPv6 headers names the protocol
        const { proto: _, ...outer } = cut.outer;
        expect(all.outer, `${name} cut at ${length}`).toMatchObject(outer);
        if (cut.inner !== undefined) expect(all.inner).toMatchObject(cut.inner);
        if (cut.quoted !== undefined) expect(all.quoted).toMatchObject(cut.quoted);
      }
    }
  });
});

describe('made packets', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const ends = fc.constantFrom(ipv4, ipv6).chain(ip => fc.record({ src: ip, dst: ip }));
  const ipFields = fc
    .tuple(
      ends,
      fc.record({
        ttl: fc.integer({ min: 1, max: 255 }),
        dscp: fc.nat(63),
        id: fc.nat(65_535),
        flowLabel: fc.nat(0xfffff),
      }),
    )
    .map(([a, b]) => ({ ...a, ...b }));

  test('TCP over both families', () => {
    fc.assert(
      fc.property(
        ipFields,
        port,
        port,
        uint32,
        uint32,
        fc.uint8Array({ maxLength: 40 }),
        (ip, sport, dport, seq, ack, payload) => {
          const packet = tcpPacket({ ...ip, sport, dport, seq, ack, flags: 'PA', payload });
          const { id, flowLabel, ...both } = ip;
          const headers = headersOf(packet);
          expect(headers?.outer).toEqual({
            ...both,
            ...(ip.src.includes(':') ? { family: 6, flowLabel } : { family: 4, id }),
            proto: 6,
            sport,
            dport,
            tcp: { flags: 0x18, seq, ack },
            lenBytes: packet.lenBytes,
            payloadBytes: payload.length,
          });
          expect([...headers!.payload]).toEqual([...payload]);
        },
      ),
    );
  });

  test('VXLAN of anything in anything', () => {
    fc.assert(
      fc.property(ipFields, ipFields, port, fc.nat(2 ** 24 - 1), (outer, inner, sport, vni) => {
        const packet = vxlanPacket(
          { ...outer, vni },
          udpPacket({ ...inner, sport, dport: 53, payload: Uint8Array.of(1, 2) }),
        );
        const headers = headersOf(packet);
        expect(headers?.vxlan).toEqual({ vni });
        expect(headers?.outer).toMatchObject({ src: outer.src, dst: outer.dst });
        expect(headers?.inner).toMatchObject({
          src: inner.src,
          dst: inner.dst,
          sport,
          dport: 53,
          payloadBytes: 2,
        });
        expect([...headers!.payload]).toEqual([1, 2]);
      }),
    );
  });

  test('an ICMP error inside a tunnel quotes the packet that it is about', () => {
    const lost = udpPacket({ src: '10.244.1.5', dst: '10.244.2.7', sport: 5000, dport: 8080 });
    const error = icmpPacket({ src: '10.244.2.7', dst: '10.244.1.5', type: 3, code: 3, quoted: lost });
    const headers = headersOf(vxlanPacket({ src: '172.18.0.3', dst: '172.18.0.2' }, error));
    expect(headers?.quoted).toMatchObject({ src: '10.244.1.5', dport: 8080 });
  });

  test('an echo quotes nothing, even if its payload looks like a packet', () => {
    const payload = tcpPacket({ src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 2 });
    const echo = icmpPacket({ src: '10.0.0.1', dst: '10.0.0.2', type: 8, quoted: payload });
    expect(headersOf(echo)?.quoted).toBeUndefined();
  });

  test('ARP in a tunnel', () => {
    const inner = arpPacket({ op: 1, sender: '10.244.1.0', target: '10.244.2.0' });
    expect(headersOf(vxlanPacket({ src: '172.18.0.2', dst: '172.18.0.3' }, inner))?.inner).toMatchObject({
      family: 0,
      arp: { op: 1 },
    });
  });

  test('SCTP has ports, a protocol without any has none', () => {
    const sctp = headersOf(
      ipPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, 132, [0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]),
    );
    expect(sctp?.outer).toMatchObject({ proto: 132, sport: 7, dport: 9 });
    const gre = headersOf(ipPacket({ src: '10.0.0.1', dst: '10.0.0.2' }, 47, [0, 0, 8, 0]));
    expect(gre?.outer.proto).toBe(47);
    expect(gre?.outer.sport).toBeUndefined();
    expect(gre?.outer.payloadBytes).toBeUndefined();
  });

  test('an IPv4 header shorter than any is refused', () => {
    const bytes = tcpPacket({ src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 2 }).bytes;
    bytes[14] = 0x44;
    expect(parsed(bytes)).toBeUndefined();
  });
});

describe('hostile bytes', () => {
  const protocols = fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x88cc, 0);

  test('any bytes at any offset', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 340, size: 'max' }),
        fc.nat(400),
        protocols,
        (bytes, at, protocol) => {
          const headers = parseHeaders(bytes, at, protocol, vxlanPorts);
          expect(JSON.stringify(headers) ?? '').not.toMatch(/NaN|null/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('real packets with a few bytes changed', () => {
    const change = fc.tuple(fc.nat(340), fc.nat(255));
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.array(change, { maxLength: 6 }), ({ name }, changes) => {
        const bytes = real(name);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        for (const protocol of [0x0800, 0x86dd, 0x0806]) {
          const headers = parseHeaders(bytes, 14, protocol, vxlanPorts);
          expect(JSON.stringify(headers) ?? '').not.toMatch(/NaN|null/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('behind a later fragment nothing is a header', () => {
    const fields = { src: 'fd00::1', dst: 'fd00::2', fragment: { id: 1, offset: 1448, more: false } };
    const outer = headersOf(ipPacket(fields, 60, [17, 0, 1, 4, 0, 0, 0, 0, 0, 53, 0, 53, 0, 8, 0, 0]))?.outer;
    expect(outer).toMatchObject({ proto: 60, fragment: { offset: 1448 } });
    expect(outer?.sport).toBeUndefined();
  });

  test('extension headers end with the bytes', () => {
    const endless = ipPacket(
      { src: 'fd00::1', dst: 'fd00::2' },
      0,
      Array.from({ length: 280 }, () => 0),
    );
    expect(headersOf(endless)?.outer.family).toBe(6);
  });
});
