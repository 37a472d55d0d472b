import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeFacts } from '../../../src/capture/host-facts.ts';
import { framingOf } from '../../../src/capture/link-layer.ts';
import { captureFilter, choosePlaces } from '../../../src/capture/live/choose.ts';
import { linkTypes } from '../../../src/capture/pcap-reader.ts';
import { type Device, pointOfFileName, pointOfText } from '../../../src/capture/places.ts';
import { sightOf } from '../../../src/capture/sight.ts';
import { clusterOfLists } from '../../../src/cluster/lists.ts';

/** A short run here; FUZZ_RUNS=100000 makes a long one. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeout = 10_000 + numRuns * 20;

describe('where a file was captured', () => {
  test.each([
    ['node-1_eth0.pcap', { place: 'node-1', dev: 'eth0' }],
    ['/tmp/x/node-1:eth0.cap', { place: 'node-1', dev: 'eth0' }],
    ['k8s-cp_any.pcap', { place: 'k8s-cp' }],
    ['pod_default.pod-a_eth0.pcap', { place: 'default.pod-a', dev: 'eth0' }],
    ['k8s-cp_flannel.1.pcap', { place: 'k8s-cp', dev: 'flannel.1' }],
    ['dump.pcap', undefined],
  ])('%s', (name, point) => {
    expect(pointOfFileName(name)).toEqual(point);
  });

  test.each([
    ['node-1/eth0', { place: 'node-1', dev: 'eth0' }],
    ['node-1', { place: 'node-1' }],
    ['node-1/any', { place: 'node-1' }],
    ['/eth0', undefined],
    ['node-1/', undefined],
  ])('--place FILE=%s', (text, point) => {
    expect(pointOfText(text)).toEqual(point);
  });
});

/** A veth of `ip -d -j link`. */
const veth = (ifindex: number, ifname: string, link_index: number, address: string, more = {}) => ({
  ...{ ifindex, ifname, link_index, link_netnsid: 0, address, mtu: 1500, flags: ['UP', 'LOWER_UP'] },
  linkinfo: { info_kind: 'veth' },
  ...more,
});

describe('the other end of a veth', () => {
  const pod = (id: number, mac: string) => ({
    id,
    name: `pod-${id}`,
    dump: { link: [veth(2, 'eth0', 9, mac)] },
  });
  const node = (id: number, more = {}) => ({
    ...{ id, name: `node-${id}` },
    dump: { link: [veth(9, 'vetha', 2, '02:00:00:00:00:09', { master: 'cni0' })], ...more },
  });
  const peersOf = (places: Parameters<typeof placeFacts>[0], isCaptured = true) =>
    [...placeFacts(places, 0n, () => isCaptured)].map(([id, { devices }]) => [
      id,
      [...devices.values()].map(({ peer }) => peer?.place),
    ]);

  test('is the one that names it', () => {
    expect(peersOf([pod(1, '02:00:00:00:00:01'), node(2)])).toEqual([
      [1, [2]],
      [2, [1]],
    ]);
  });

  test('is not guessed where two nodes have the same numbers', () => {
    const places = [pod(1, '02:00:00:00:00:01'), node(2), pod(3, '02:00:00:00:00:03'), node(4)];
    expect(peersOf(places).map(([, peers]) => peers)).toEqual([
      [undefined],
      [undefined],
      [undefined],
      [undefined],
    ]);
  });

  test('is told by what the bridge learned, or by a name for the other namespace', () => {
    const learned = (mac: string) => ({ fdb: [{ mac, ifname: 'vetha' }] });
    expect(
      peersOf([
        pod(1, '02:00:00:00:00:01'),
        node(2, learned('02:00:00:00:00:01')),
        pod(3, '02:00:00:00:00:03'),
        node(4, learned('02:00:00:00:00:03')),
      ]).map(([, peers]) => peers),
    ).toEqual([[2], [1], [4], [3]]);
    const named = (name: string) => ({ nsid: [{ nsid: 0, name }] });
    expect(
      peersOf([
        pod(1, '02:00:00:00:00:01'),
        node(2, named('pod-1')),
        pod(3, '02:00:00:00:00:03'),
        node(4, named('pod-3')),
      ]).map(([, peers]) => peers),
    ).toEqual([[2], [1], [4], [3]]);
  });

  test('is not told to correlation if nobody captured there: what passes it passes unseen', () => {
    const facts = placeFacts([pod(1, '02:00:00:00:00:01'), node(2)], 0n, (_place, dev) => dev === 'eth0');
    expect(facts.get(1)?.snapshot.links[0]?.peer).toBeUndefined();
    expect(facts.get(2)?.snapshot.links[0]?.peer).toMatchObject({ netns: '1' });
  });
});

test(
  'what ip and kubectl print may be anything',
  () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        placeFacts(
          [{ id: 1, name: 'x', dump: { link: a, addr: b, route: a, fdb: b, nsid: a } }],
          0n,
          () => true,
        );
        clusterOfLists(
          [a, b, { items: [a, b, { kind: 'Pod', metadata: a, spec: b, status: a }] }],
          new Set(),
        );
        clusterOfLists([{ items: [{ kind: 'Service', metadata: b, spec: a, status: b }] }], new Set());
      }),
      { numRuns },
    );
  },
  timeout,
);

test(
  'any bytes behind any link: read or left out, never an error',
  () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...linkTypes.keys()),
        (bytes, linkType) => {
          const packet = { seconds: 1, nanos: 2, bytes, lenBytes: bytes.length };
          const framing = framingOf(packet, linkType);
          if (framing !== undefined) expect(framing.networkAt).toBeLessThanOrEqual(bytes.length);
          sightOf(packet, 0, {
            ...{ capture: 0, linkType, place: 1, vxlanPorts: new Set([8472]) },
            deviceOf: () => ({ name: 'x', ifindex: 0 }),
          });
        },
      ),
      { numRuns },
    );
  },
  timeout,
);

describe('where to capture', () => {
  const to = (place: number): Device => ({
    name: `to${place}`,
    ifindex: place,
    kind: 'veth',
    peer: { place, dev: 'x' },
  });
  const joined = (...places: number[]) => new Map(places.map(place => [`to${place}`, to(place)]));
  // pods 1, 2, 6 – node 3 – machine 4 – node 5 – pod 7; another cluster: 8 – 9.
  const devices = new Map([
    [1, joined(3)],
    [2, joined(3)],
    [6, joined(3)],
    [3, joined(1, 2, 6, 4)],
    [4, joined(3, 5)],
    [5, joined(4, 7)],
    [7, joined(5)],
    [8, joined(9)],
    [9, joined(8)],
  ]);

  test('the ends and what leads on, not others, nor another cluster with the same addresses', () => {
    const { places } = choosePlaces({ sure: [1], likely: [7, 8], isOpen: false }, devices);
    expect(places.toSorted()).toEqual([1, 3, 4, 5, 7]);
  });

  test('to anywhere: everything that hangs together with the end', () => {
    const { places } = choosePlaces({ sure: [1], likely: [], isOpen: true }, devices);
    expect(places.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('a filter of addresses, with what is in tunnels', () => {
    expect(captureFilter(['10.0.0.1', '10.0.0.1', '10.96.0.0/12'])).toBe(
      'host 10.0.0.1 or net 10.96.0.0/12 or udp dst port 8472 or udp dst port 4789',
    );
    expect(captureFilter(undefined)).toBe('ip or ip6 or arp');
  });
});
