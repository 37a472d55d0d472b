/** Arbitrary frames for property tests. */
import fc from 'fast-check';
import type { ConntrackRecord, ProcessSighting, TupleRecord } from '../../../src/model/event.ts';
import type { EventFields, TellableLoss } from '../../helpers/frames.ts';

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
/** As much of a 64-bit value as Event keeps. */
const address = fc.maxSafeNat();
const text16 = fc.string({ unit: fc.constantFrom(...'abcxyz019.-_@'), maxLength: 16 });
const timeNs = fc.integer({ min: -1e12, max: 1e15 });

/** In the form in which addresses are shown. */
export const ipv4 = fc.ipV4();
export const ipv6 = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map(words => words.map(word => word.toString(16)).join(':'));

function tuples(ip: fc.Arbitrary<string>, proto: number): fc.Arbitrary<TupleRecord> {
  return fc.record({ proto: fc.constant(proto), src: ip, dst: ip, sport: uint(16), dport: uint(16) });
}

const conntrack: fc.Arbitrary<ConntrackRecord> = fc
  .tuple(fc.constantFrom(ipv4, ipv6), fc.constantFrom(1, 6, 17, 58))
  .chain(([ip, proto]) =>
    fc.record({
      orig: tuples(ip, proto),
      reply: tuples(ip, proto),
      status: uint(32),
      mark: uint(32),
      zone: uint(16),
      ctinfo: fc.integer({ min: 0, max: 7 }),
    }),
  );

export const eventFields: fc.Arbitrary<EventFields> = fc.record(
  {
    timeNs,
    cpu: uint(16),
    tap: uint(8),
    packet: address,
    identity: uint(8),
    flags: fc.constantFrom(0, 0x04, 0x10, 0x20, 0x40),
    skb: address,
    head: address,
    sk: address,
    netns: address,
    netnsInode: uint(32),
    ifindex: uint(32),
    dev: text16,
    skbLen: uint(32),
    mark: uint(32),
    iif: uint(32),
    reason: uint(32),
    location: address,
    protocol: uint(16),
    gsoSize: uint(16),
    gsoSegs: uint(16),
    vlanTci: uint(16),
    pktType: uint(8),
    nfHook: uint(8),
    nfPriority: fc.integer({ min: -32_768, max: 32_767 }),
    ct: address,
    conntrack,
    headers: fc.uint8Array({ maxLength: 320 }),
    networkOffset: fc.constantFrom(0, 14),
  },
  { requiredKeys: ['timeNs', 'tap', 'packet'] },
);

export const processFields: fc.Arbitrary<ProcessSighting> = fc.record({
  timeNs,
  sk: address,
  netns: address,
  pid: uint(32),
  comm: text16.filter(comm => comm !== ''),
});

export const lossFields: fc.Arbitrary<TellableLoss> = fc.record(
  {
    fromNs: timeNs,
    toNs: timeNs,
    tap: uint(32),
    cpu: uint(16),
    count: uint(32),
    cause: fc.constantFrom('ring', 'recursion', 'map'),
  },
  { requiredKeys: ['fromNs', 'toNs', 'tap', 'count', 'cause'] },
);
