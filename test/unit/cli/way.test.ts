/** What is the same way, and what is another. */
import { describe, expect, test } from 'vitest';
import { waySignature } from '../../../src/cli/render/way.ts';
import { tcpPacket } from '../../helpers/frames-packets.ts';
import { Rig, Walk } from '../../helpers/journeys.ts';
import { crossNodeRequest, podA, sameNodeReply, sameNodeRequest } from '../../helpers/journeys-ways.ts';

const wayOf = (walk: Walk): string => waySignature(new Rig().walk(walk).finish().of(walk));
const toNode = (): Walk =>
  new Walk(tcpPacket({ src: podA, dst: '10.244.1.1', sport: 5, dport: 80 }))
    .queue('pod-a eth0')
    .receive('node-1 va')
    .receive('node-1 cni0');

describe('the same way', () => {
  test('whatever showed the end once more', () => {
    const ways = [
      toNode(),
      toNode().hook('node-1 cni0', 1),
      toNode().copied(),
      toNode().hook('node-1 cni0', 1).consumed('tcp_rcv_established'),
    ].map(wayOf);
    expect(new Set(ways).size).toBe(1);
  });

  test('by other ports of the same two', () => {
    expect(wayOf(sameNodeRequest({ sport: 7 }))).toBe(wayOf(sameNodeRequest({ sport: 8 })));
  });
});

describe('another way', () => {
  test('to another place, back, with another end, or rewritten', () => {
    const walks = [
      sameNodeRequest(),
      crossNodeRequest(),
      sameNodeReply(),
      toNode(),
      toNode().freed('NETFILTER_DROP', 'nft_do_chain'),
    ];
    expect(new Set(walks.map(wayOf)).size).toBe(walks.length);
  });
});
