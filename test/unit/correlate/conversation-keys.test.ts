import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConversationKeys } from '../../../src/correlate/conversation-keys.ts';
import type { NetworkLayer, TupleRecord } from '../../../src/model/event.ts';
import { conntrackKey, conversationKey } from '../../../src/model/tuples.ts';

const ip = fc.constantFrom('10.0.0.1', '10.0.0.2', '224.0.0.1', 'fd00::1');
const port = fc.constantFrom(0, 53, 80, 144, 41_002, 65_535);
const layer = fc.record({ src: ip, dst: ip, sport: port, dport: port, proto: fc.constantFrom(6, 17) });

describe('keys of conversations', () => {
  test('are those that are made each by itself, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), layer), { maxLength: 40 }), asked => {
        const keys = new ConversationKeys();
        for (const [netns, fields] of asked) {
          const network: NetworkLayer = { family: 4, lenBytes: 20, ...fields };
          expect(keys.of(netns, network)).toBe(conversationKey(netns, network));
        }
      }),
    );
  });

  test('of an echo go by its id', () => {
    const echo = (id: number): NetworkLayer => ({
      family: 4,
      proto: 1,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      lenBytes: 84,
      icmp: { type: 8, code: 0, id, seq: 1 },
    });
    const keys = new ConversationKeys();
    expect(keys.of(1, echo(7))).toBe(conversationKey(1, echo(7)));
    expect(keys.of(1, echo(8))).toBe(conversationKey(1, echo(8)));
  });

  test('of a conntrack entry are those of both its tuples', () => {
    const orig: TupleRecord = { proto: 6, src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 2 };
    const reply: TupleRecord = { proto: 6, src: '10.0.0.3', dst: '10.0.0.1', sport: 2, dport: 1 };
    const entry = { orig, reply, status: 0, mark: 0, zone: 0, ctinfo: 2 };
    const keys = new ConversationKeys();
    for (let round = 0; round < 2; round++)
      expect(keys.ofEntry(4, entry)).toEqual([conntrackKey(4, orig), conntrackKey(4, reply)]);
  });
});
