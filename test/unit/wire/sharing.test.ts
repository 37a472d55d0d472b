/** What is read once for several events is right for each of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConntrackRecord, Event } from '../../../src/model/event.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { parseHeaders } from '../../../src/wire/headers.ts';
import { type EventFields, eventFrame, helloFrame, joined } from '../../helpers/frames.ts';
import { type Packet, udpPacket, vxlanPacket } from '../../helpers/frames-packets.ts';

function eventsOf(fields: readonly EventFields[]): Event[] {
  const decoder = new Decoder();
  const frames = decoder.push(joined(helloFrame(), ...fields.map(eventFrame)));
  return frames.flatMap(frame => (frame.kind === 'event' ? [frame.event] : []));
}

function fieldsOf(packet: Packet, fields: Partial<EventFields> = {}): EventFields {
  return { timeNs: 1, tap: 1, packet: 7, protocol: packet.protocol, headers: packet.bytes, ...fields };
}

const ends = { src: '10.244.1.5', dst: '10.244.2.7', sport: 1000, dport: 53 };

/** With other MAC addresses. */
function elsewhere(packet: Packet): Packet {
  const bytes = packet.bytes.slice();
  bytes.fill(9, 0, 12);
  return { ...packet, bytes };
}

describe('headers', () => {
  test('with equal bytes from the network header on are the same layers, the MAC addresses and payload their own', () => {
    const packet = udpPacket({ ...ends, payload: Uint8Array.of(1, 2, 3) });
    const [first, second] = eventsOf([fieldsOf(packet), fieldsOf(elsewhere(packet))]);
    expect(second!.headers!.outer).toBe(first!.headers!.outer);
    expect(second!.headers!.ethernet!.src).toBe('09:09:09:09:09:09');
    expect(first!.headers!.ethernet!.src).not.toBe('09:09:09:09:09:09');
    expect([...second!.headers!.payload]).toEqual([...first!.headers!.payload]);
  });

  test('of another packet are never taken for it, nor those of another length, TTL or protocol', () => {
    const packet = udpPacket(ends);
    const [first, ...others] = eventsOf([
      fieldsOf(packet),
      fieldsOf(packet, { packet: 8 }),
      fieldsOf({ ...packet, bytes: packet.bytes.slice(0, 30) }),
      fieldsOf(udpPacket({ ...ends, ttl: 3 })),
      fieldsOf(packet, { protocol: 0x86dd }),
    ]);
    const { outer } = first!.headers!;
    for (const other of others) expect(other.headers?.outer).not.toBe(outer);
    expect(others[2]!.headers!.outer.ttl).toBe(3);
    expect(others[3]!.headers).toBeUndefined();
  });

  test('of any sequence of hops are those that each shows by itself', () => {
    const packets = [
      udpPacket(ends),
      udpPacket({ ...ends, ttl: 63 }),
      elsewhere(udpPacket(ends)),
      vxlanPacket({ src: '172.18.0.2', dst: '172.18.0.3' }, udpPacket(ends)),
      vxlanPacket({ src: '172.18.0.2', dst: '172.18.0.3' }, udpPacket({ ...ends, ttl: 63 })),
    ];
    const hop = fc.record({
      packet: fc.constantFrom(...packets),
      cpu: fc.nat(1),
      id: fc.nat(2),
      cut: fc.nat(40),
      networkOffset: fc.constantFrom(0 as const, 14 as const),
    });
    fc.assert(
      fc.property(fc.array(hop, { minLength: 2, maxLength: 12 }), hops => {
        const fields = hops.map(({ packet, cpu, id, cut, networkOffset }) => {
          const bytes = packet.bytes.subarray(14 - networkOffset, packet.bytes.length - cut);
          return fieldsOf({ ...packet, bytes }, { cpu, packet: id, networkOffset });
        });
        const ports = new Set([8472, 4789]);
        for (const [index, event] of eventsOf(fields).entries()) {
          const { headers, networkOffset, protocol } = fields[index]!;
          const alone = parseHeaders(headers!, networkOffset!, protocol!, ports);
          for (const key of ['outer', 'inner', 'vxlan', 'quoted', 'ethernet'] as const)
            expect(event.headers?.[key]).toEqual(alone?.[key]);
          expect([...(event.headers?.payload ?? [])]).toEqual([...(alone?.payload ?? [])]);
        }
      }),
    );
  });
});

describe('conntrack entries', () => {
  const tuple = { proto: 6, src: '10.244.1.5', dst: '10.96.45.123', sport: 41_002, dport: 80 };
  const entry: ConntrackRecord = {
    orig: tuple,
    reply: { proto: 6, src: '10.244.2.7', dst: '10.244.1.5', sport: 8080, dport: 41_002 },
    status: 0x188,
    mark: 0,
    zone: 0,
    ctinfo: 2,
  };
  const show = (conntrack: ConntrackRecord, fields: Partial<EventFields> = {}): EventFields => ({
    timeNs: 1,
    tap: 1,
    packet: 7,
    ct: 4096,
    netns: 5,
    conntrack,
    ...fields,
  });

  test('with equal bytes at one address of one namespace are one record', () => {
    const [first, second, elsewhere] = eventsOf([show(entry), show(entry), show(entry, { netns: 6 })]);
    expect(second!.conntrack).toBe(first!.conntrack);
    expect(elsewhere!.conntrack).not.toBe(first!.conntrack);
    expect(elsewhere!.conntrack).toEqual(first!.conntrack);
  });

  test('that changed, or gave their address to another one, are read anew', () => {
    const confirmed = { ...entry, status: 0x18e };
    const reply = { ...entry, ctinfo: 3 };
    const recycled = { ...entry, orig: { ...tuple, sport: 41_003 } };
    const shown = [entry, confirmed, reply, recycled, reply, entry];
    expect(eventsOf(shown.map(each => show(each))).map(event => event.conntrack)).toEqual(shown);
  });
});

describe('names and MAC addresses', () => {
  const ways = Array.from({ length: 3000 }, (_, n) => ({
    dev: `veth${(n * 7919).toString(36)}`,
    mac: [2, 0, 0, n >> 8, n & 255, 1, 2, 0, 0, n & 255, n >> 8, 2],
  }));

  test('of more devices than are remembered are each their own, the second time too', () => {
    const packet = udpPacket(ends);
    const fields = ways.map(({ dev, mac }) => {
      const bytes = packet.bytes.slice();
      bytes.set(mac);
      return { ...fieldsOf({ ...packet, bytes }), dev };
    });
    for (const [n, event] of eventsOf([...fields, ...fields]).entries()) {
      const { dev, mac } = ways[n % ways.length]!;
      const text = (from: number): string =>
        mac
          .slice(from, from + 6)
          .map(byte => byte.toString(16).padStart(2, '0'))
          .join(':');
      expect([event.dev, event.headers?.ethernet]).toEqual([dev, { dst: text(0), src: text(6) }]);
    }
  });

  test('of the same link are the same object', () => {
    const [first, second] = eventsOf([fieldsOf(udpPacket(ends)), fieldsOf(udpPacket({ ...ends, dport: 1 }))]);
    expect(second!.headers!.ethernet).toBe(first!.headers!.ethernet);
  });
});
