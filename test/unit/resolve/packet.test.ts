/** What the packet is, and the summary that a person reads. */
import { readFileSync } from 'node:fs';
import dnsPacket from 'dns-packet';
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { rfc3339 } from '../../../src/resolve/resolver.ts';
import {
  hexBytes,
  icmpPacket,
  ipPacket,
  type Packet,
  tcpPacket,
  udpPacket,
} from '../../helpers/frames-packets.ts';
import { type EventMore, Rig, Walk } from '../../helpers/journeys.ts';
import { nginx1, podA } from '../../helpers/journeys-ways.ts';

const ends = { src: podA, dst: nginx1 };

function resolved(packet: Packet, more: EventMore = {}): Journey {
  const walk = new Walk(packet).queue('pod-a eth0', more);
  return new Rig().walk(walk).finish().of(walk);
}

function real(name: string): Packet {
  const fixtures = JSON.parse(
    readFileSync(new URL('../../fixtures/frames/packets.json', import.meta.url), 'utf8'),
  ) as readonly { readonly name: string; readonly bytes: string }[];
  const bytes = hexBytes(fixtures.find(each => each.name === name)!.bytes);
  return { bytes, protocol: (bytes[12]! << 8) | bytes[13]!, lenBytes: bytes.length - 14 };
}

describe('TCP', () => {
  test.each([
    ['S', 0, 'SYN', 'S'],
    ['SA', 0, 'SYN-ACK', 'SA'],
    ['A', 0, 'ACK', 'A'],
    ['PA', 100, 'data 100 B', 'PA'],
    ['FA', 0, 'FIN-ACK', 'FA'],
    ['FPA', 12, 'data 12 B, FIN', 'FPA'],
    ['R', 0, 'RST', 'R'],
    ['RA', 0, 'RST-ACK', 'RA'],
    ['', 0, 'TCP without flags', ''],
  ])('%s with %i bytes is "%s"', (flags, length, summary, letters) => {
    const journey = resolved(
      tcpPacket({ ...ends, sport: 5, dport: 6, flags, payload: new Uint8Array(length) }),
    );
    expect(journey.summary).toBe(summary);
    expect(journey.packet.tcp?.flags ?? '').toBe(letters);
  });

  test('all flags, in the order F S R P A U E C', () => {
    expect(resolved(tcpPacket({ ...ends, sport: 5, dport: 6, flags: 'CEUAPRSF' })).packet.tcp?.flags).toBe(
      'FSRPAUEC',
    );
  });

  test('a super-packet counts all of its data', () => {
    const packet = tcpPacket({ ...ends, sport: 5, dport: 6, flags: 'PA', payload: new Uint8Array(100) });
    const journey = resolved({ ...packet, lenBytes: 40 + 60_000 }, { gsoSize: 1400, gsoSegs: 43 });
    expect(journey.packet).toMatchObject({ gso: { segs: 43, sizeBytes: 1400 }, payloadBytes: 60_000 });
    expect(journey.lenBytes).toBe(60_040);
  });
});

describe('DNS', () => {
  test('a recorded query and its answer', () => {
    const query = resolved(real('dns-query'));
    expect(query.packet.dns).toEqual({
      id: 54_095,
      query: 'nginx-service.default.svc.cluster.local',
      type: 'A',
    });
    expect(query.summary).toBe('DNS A? nginx-service.default.svc.cluster.local');
    const answer = resolved(real('dns-answer'));
    expect(answer.packet.dns).toEqual({
      id: 54_095,
      query: 'nginx-service.default.svc.cluster.local',
      type: 'A',
      rcode: 'NOERROR',
      answers: ['10.96.100.10'],
    });
    expect(answer.summary).toBe('DNS nginx-service.default.svc.cluster.local = 10.96.100.10');
  });

  const dns = (message: dnsPacket.Packet, port: 'sport' | 'dport' = 'sport'): Packet =>
    udpPacket({
      ...ends,
      ...(port === 'sport' ? { sport: 53, dport: 5 } : { sport: 5, dport: 53 }),
      payload: Uint8Array.from(dnsPacket.encode(message)),
    });
  const question = (name: string): dnsPacket.Question[] => [{ type: 'A', name }];

  test('a name that does not exist', () => {
    const packet = dns({ type: 'response', id: 7, flags: 3, questions: question('nope.local') });
    expect(resolved(packet).summary).toBe('DNS NXDOMAIN nope.local');
  });

  test('an answer without addresses', () => {
    const packet = dns({ type: 'response', id: 7, questions: question('a.local') });
    expect(resolved(packet).summary).toBe('DNS a.local = no A');
  });

  test('an answer of which not all was copied: what was asked, and no addresses', () => {
    const data = Array.from({ length: 20 }, (_, i) => ({
      type: 'A' as const,
      name: 'a.local',
      data: `10.0.0.${i}`,
    }));
    const whole = dnsPacket.encode({
      type: 'response',
      id: 7,
      questions: question('a.local'),
      answers: data,
    });
    const cut = resolved(
      udpPacket({ ...ends, sport: 53, dport: 5, payload: Uint8Array.from(whole.subarray(0, 100)) }),
    );
    expect(cut.packet.dns).toEqual({ id: 7, query: 'a.local', type: 'A', rcode: 'NOERROR' });
    expect(cut.summary).toBe('DNS A of a.local answered');
  });

  test('the root', () => {
    expect(resolved(dns({ type: 'query', id: 7, questions: question('.') }, 'dport')).packet.dns?.query).toBe(
      '.',
    );
  });

  test('a name that would steer the terminal', () => {
    const packet = dns({ type: 'query', id: 7, questions: question('\u001b[2J.local') }, 'dport');
    expect(resolved(packet).summary).toBe('DNS A? \ufffd[2J.local');
  });

  test('what is no DNS on its port is just UDP', () => {
    const journey = resolved(udpPacket({ ...ends, sport: 5, dport: 53, payload: Uint8Array.of(1, 2, 3) }));
    expect(journey.summary).toBe('UDP 3 B');
    expect(journey.packet).not.toHaveProperty('dns');
  });
});

describe('the rest', () => {
  const refused = tcpPacket({ src: podA, dst: '10.96.45.200', sport: 5, dport: 80 });
  const error = (fields: { type: number; code: number; echo?: { id: number; seq: number } }) =>
    icmpPacket({ ...ends, ...fields, quoted: refused });
  const six = udpPacket({ src: 'fd00::5', dst: 'fd00::9', sport: 5, dport: 53 });

  test.each([
    [icmpPacket({ ...ends, type: 8, echo: { id: 5, seq: 3 } }), 'ICMP echo request 3'],
    [icmpPacket({ ...ends, type: 11 }), 'ICMP time exceeded'],
    [icmpPacket({ ...ends, type: 3, code: 13 }), 'ICMP administratively prohibited'],
    [icmpPacket({ ...ends, type: 99, code: 1 }), 'ICMP type 99 code 1'],
    [error({ type: 3, code: 3 }), 'ICMP port unreachable for tcp 10.96.45.200:80'],
    [
      error({ type: 3, code: 4, echo: { id: 0, seq: 1300 } }),
      'ICMP fragmentation needed (MTU 1300) for tcp 10.96.45.200:80',
    ],
    [error({ type: 3, code: 4 }), 'ICMP fragmentation needed for tcp 10.96.45.200:80'],
    [
      icmpPacket({ src: 'fd00::1', dst: 'fd00::5', type: 2, echo: { id: 1, seq: 4464 }, quoted: six }),
      'ICMP packet too big (MTU 70000) for udp [fd00::9]:53',
    ],
    [real('icmp4-port-unreachable'), 'ICMP port unreachable for tcp 10.96.100.20:80'],
    [udpPacket({ ...ends, sport: 5, dport: 6, payload: new Uint8Array(3) }), 'UDP 3 B'],
    [real('icmp4-fragment-last'), 'fragment at 1480'],
    [real('icmp6-neighbour-solicitation'), 'ICMP neighbour solicitation'],
    [ipPacket(ends, 47, [0, 0, 8, 0]), '47'],
  ])('%#: %s', (packet, summary) => {
    expect(resolved(packet as Packet).summary).toBe(summary);
  });

  test('IPv4 has an id, IPv6 a flow label, fragments their place', () => {
    expect(resolved(real('icmp4-fragment-last')).packet).toMatchObject({
      frag: { offset: 1480, more: false },
    });
    expect(resolved(real('icmp6-fragment-first')).packet).toMatchObject({
      flowLabel: 0xe8165,
      frag: { id: 0x09042c58, offset: 0, more: true },
    });
    expect(resolved(real('tcp4-syn')).packet).toMatchObject({ ipId: 9197 });
  });
});

test('times have nine digits', () => {
  expect(rfc3339(0n)).toBe('1970-01-01T00:00:00.000000000Z');
  expect(rfc3339(1_795_000_000_123_456_789n)).toBe('2026-11-18T11:06:40.123456789Z');
  expect(rfc3339(1_795_000_000_000_000_007n)).toBe('2026-11-18T11:06:40.000000007Z');
});
