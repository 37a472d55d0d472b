import { describe, expect, test } from 'vitest';
import { SentBytes, segmentOf } from '../../../src/correlate/sent-bytes.ts';

const SYN = 2;
const FIN = 1;
const ACK = 16;
const layer = (seq: number, payloadBytes: number, flags = ACK) => ({
  family: 4 as const,
  proto: 6,
  src: '192.0.2.1',
  dst: '192.0.2.2',
  lenBytes: 40 + payloadBytes,
  payloadBytes,
  tcp: { flags, seq, ack: 0 },
});
const segment = (seq: number, payloadBytes: number, flags = ACK) =>
  segmentOf(layer(seq, payloadBytes, flags))!;

describe('a segment', () => {
  test('an ACK is none; SYN and FIN are a byte', () => {
    expect(segmentOf(layer(1, 0))).toBeUndefined();
    expect(segment(1, 0, SYN)).toEqual({ seq: 1, lenBytes: 1, flags: SYN });
    expect(segment(1, 10, FIN | ACK)).toEqual({ seq: 1, lenBytes: 11, flags: FIN });
  });
});

describe('what was sent before', () => {
  test('begins at the same byte', () => {
    const sent = new SentBytes();
    expect(sent.first(segment(1000, 500), 'a')).toBe('a');
    expect(sent.first(segment(1500, 500), 'b')).toBe('b');
    expect(sent.first(segment(1000, 1000), 'c')).toBe('a');
    expect(sent.size).toBe(2);
  });

  test('a SYN and the first data are not the same', () => {
    const sent = new SentBytes();
    sent.first(segment(1000, 0, SYN), 'syn');
    expect(sent.first(segment(1000, 5), 'data')).toBe('data');
  });

  test('shares a byte, across the end of the sequence numbers too', () => {
    const sent = new SentBytes();
    sent.first(segment(0xffff_ff00, 0x200), 'whole');
    expect(sent.earlier(segment(0x80, 100), 'again')).toBe('whole');
    expect(sent.earlier(segment(0xffff_fe00, 0x101), 'again')).toBe('whole');
    expect(sent.earlier(segment(0x100, 100), 'next')).toBeUndefined();
    expect(sent.earlier(segment(0xffff_fe00, 0x100), 'before')).toBeUndefined();
    expect(sent.earlier(segment(0x80, 100), 'whole')).toBeUndefined();
  });

  test('is kept for so many segments', () => {
    const sent = new SentBytes();
    for (let n = 0; n < 5000; n++) sent.first(segment(n * 10, 10), `j${n}`);
    expect(sent.size).toBe(4096);
    expect(sent.first(segment(49_990, 10), 'again')).toBe('j4999');
  });
});
