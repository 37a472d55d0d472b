/** The ways that the journeys of a curl take through the hand-made host. */
import type { ConntrackRecord } from '../../src/model/event.ts';
import { type Packet, type TcpFields, tcpPacket, vxlanPacket } from './frames-packets.ts';
import { conntrackOf, Walk } from './journeys.ts';

export const podA = '10.244.1.5';
export const nginx1 = '10.244.1.6';
export const nginx2 = '10.244.2.7';
export const service = '10.96.45.123';
export const node1 = '172.18.0.2';
export const node2 = '172.18.0.3';

export type Segment = Partial<Omit<TcpFields, 'src' | 'dst' | 'sport' | 'dport'>>;

export interface WayOptions {
  readonly at?: number;
  readonly tcp?: Segment;
  readonly sport?: number;
  readonly skb?: number;
}

const SPORT = 37_144;

/** The conversation of a curl from pod-a to nginx-service, as node-1 tracks it. */
export function serviceEntry(backend: string, reply: boolean, sport = SPORT): ConntrackRecord {
  const orig = { src: podA, sport, dst: service, dport: 80 };
  return conntrackOf(orig, { dst: [backend, 8080], ...(reply ? { reply: true as const } : {}) });
}

const ct = 0xc0ffee;
const tunnelCt = 0xfade;

/** pod-a → nginx-service → nginx-1, which is on the same node. */
export function sameNodeRequest(options: WayOptions = {}): Walk {
  const { tcp = {}, sport = SPORT } = options;
  const base = { id: 4711, seq: 961_287_140, ...tcp, src: podA, sport };
  const entry = { ct, conntrack: serviceEntry(nginx1, false, sport) };
  return new Walk(tcpPacket({ ...base, dst: service, dport: 80 }), options)
    .queue('pod-a eth0')
    .receive('node-1 va')
    .becomes(tcpPacket({ ...base, dst: nginx1, dport: 8080 }))
    .receive('node-1 cni0', entry)
    .becomes(tcpPacket({ ...base, dst: nginx1, dport: 8080, ttl: 63 }))
    .queue('node-1 cni0', entry)
    .queue('node-1 vb', entry)
    .receive('nginx-1 eth0');
}

/** nginx-1 → pod-a, whose DNAT is undone. */
export function sameNodeReply(options: WayOptions = {}): Walk {
  const { tcp = {}, sport = SPORT } = options;
  const base = { flags: 'SA', id: 0, seq: 77, ack: 961_287_141, ...tcp, dst: podA, dport: sport };
  const entry = { ct, conntrack: serviceEntry(nginx1, true, sport) };
  return new Walk(tcpPacket({ ...base, src: nginx1, sport: 8080 }), options)
    .queue('nginx-1 eth0')
    .receive('node-1 vb')
    .receive('node-1 cni0', entry)
    .becomes(tcpPacket({ ...base, src: service, sport: 80, ttl: 63 }))
    .queue('node-1 cni0', entry)
    .queue('node-1 va', entry)
    .receive('pod-a eth0');
}

const outerEntry = (src: string, dst: string): ConntrackRecord =>
  conntrackOf({ src, sport: 50_953, dst, dport: 8472 }, { proto: 17 });

/** pod-a → nginx-service → nginx-2 on the other node, in VXLAN. */
export function crossNodeRequest(options: WayOptions = {}): Walk {
  const { tcp = {}, sport = SPORT } = options;
  const at = (ttl: number, dst = nginx2, dport = 8080): Packet =>
    tcpPacket({ id: 4711, seq: 961_287_140, ...tcp, src: podA, sport, dst, dport, ttl });
  const entry = { ct, conntrack: serviceEntry(nginx2, false, sport) };
  const outer = { ct: tunnelCt, conntrack: outerEntry(node1, node2) };
  const wrapped = vxlanPacket({ src: node1, dst: node2, id: 25_237 }, at(63));
  return new Walk(at(64, service, 80), options)
    .queue('pod-a eth0')
    .receive('node-1 va')
    .becomes(at(64))
    .receive('node-1 cni0', entry)
    .becomes(at(63))
    .queue('node-1 flannel.1', entry)
    .becomes(wrapped)
    .queue('node-1 eth0', outer)
    .receive('host vn1')
    .queue('host vn2')
    .receive('node-2 eth0')
    .becomes(at(63))
    .receive('node-2 flannel.1')
    .becomes(at(62))
    .queue('node-2 cni0')
    .queue('node-2 vc')
    .receive('nginx-2 eth0');
}

export function crossNodeReply(options: WayOptions = {}): Walk {
  const { tcp = {}, sport = SPORT } = options;
  const at = (ttl: number, src = nginx2, from = 8080): Packet =>
    tcpPacket({
      flags: 'SA',
      id: 0,
      seq: 77,
      ack: 961_287_141,
      ...tcp,
      src,
      sport: from,
      dst: podA,
      dport: sport,
      ttl,
    });
  const entry = { ct, conntrack: serviceEntry(nginx2, true, sport) };
  const outer = { ct: tunnelCt, conntrack: outerEntry(node2, node1) };
  const wrapped = vxlanPacket({ src: node2, dst: node1, id: 991 }, at(63));
  return new Walk(at(64), options)
    .queue('nginx-2 eth0')
    .receive('node-2 vc')
    .receive('node-2 cni0')
    .becomes(at(63))
    .queue('node-2 flannel.1')
    .becomes(wrapped)
    .queue('node-2 eth0', outer)
    .receive('host vn2')
    .queue('host vn1')
    .receive('node-1 eth0')
    .becomes(at(63))
    .receive('node-1 flannel.1')
    .becomes(at(62, service, 80))
    .queue('node-1 cni0', entry)
    .queue('node-1 va', entry)
    .receive('pod-a eth0');
}

/** pod-a → an address outside, with node-1's address in its place from POSTROUTING on. */
export function outsideRequest(options: WayOptions = {}): Walk {
  const { tcp = {}, sport = SPORT } = options;
  const [outside, dport] = ['203.0.113.10', 80];
  const base = { id: 4711, seq: 961_287_140, ...tcp, dst: outside, dport };
  const conntrack = conntrackOf({ src: podA, sport, dst: outside, dport }, { src: [node1, 61_001] });
  return new Walk(tcpPacket({ ...base, src: podA, sport }), options)
    .queue('pod-a eth0')
    .receive('node-1 va')
    .receive('node-1 cni0', { ct, conntrack })
    .becomes(tcpPacket({ ...base, src: node1, sport: 61_001, ttl: 63 }))
    .queue('node-1 eth0', { ct, conntrack })
    .receive('host vn1')
    .receive('host docker0')
    .becomes(tcpPacket({ ...base, src: '192.168.1.2', sport: 61_002, ttl: 62 }))
    .queue('host eth9');
}
