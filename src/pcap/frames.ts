/** What the kernel side copied of a packet → a frame as a capture on that device would have it. */
import type { Event, RawHeaders } from '../model/event.ts';
import { type LinkType, linkType } from './pcapng.ts';

const ETHERNET_BYTES = 14;
const COOKED_BYTES = 16;
const MACS_BYTES = 12;
const ETH_P_8021Q = 0x8100;
/** What a device without addresses has in a cooked header (ARPHRD_NONE). */
const NO_HARDWARE = 0xfffe;
const OUTGOING = 4;

type About = Pick<Event, 'protocol' | 'vlanTci' | 'pktType'>;

/** With its Ethernet header where there was one at this place; else with the cooked one, which invents no addresses. */
export function framed(
  { bytes, networkAt }: RawHeaders,
  about: About,
): { readonly bytes: Uint8Array; readonly type: LinkType } {
  if (networkAt !== ETHERNET_BYTES)
    return { bytes: cooked(bytes.subarray(networkAt), about), type: linkType.linuxCooked };
  return { bytes: about.vlanTci === 0 ? bytes : tagged(bytes, about.vlanTci), type: linkType.ethernet };
}

/** Always behind an Ethernet header, for a filter that is made for one: its addresses are 0 where there were none. */
export function asEthernet({ bytes, networkAt }: RawHeaders, about: About): Uint8Array {
  if (networkAt === ETHERNET_BYTES) return about.vlanTci === 0 ? bytes : tagged(bytes, about.vlanTci);
  const frame = new Uint8Array(ETHERNET_BYTES + bytes.length - networkAt);
  new DataView(frame.buffer).setUint16(MACS_BYTES, about.protocol);
  frame.set(bytes.subarray(networkAt), ETHERNET_BYTES);
  return frame;
}

function cooked(packet: Uint8Array, { protocol, pktType }: About): Uint8Array {
  const bytes = new Uint8Array(COOKED_BYTES + packet.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.min(pktType, OUTGOING));
  view.setUint16(2, NO_HARDWARE);
  view.setUint16(14, protocol);
  bytes.set(packet, COOKED_BYTES);
  return bytes;
}

/** The kernel keeps a VLAN tag beside the packet. */
function tagged(frame: Uint8Array, tci: number): Uint8Array {
  const bytes = new Uint8Array(frame.length + 4);
  bytes.set(frame.subarray(0, MACS_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint16(MACS_BYTES, ETH_P_8021Q);
  view.setUint16(MACS_BYTES + 2, tci);
  bytes.set(frame.subarray(MACS_BYTES), MACS_BYTES + 4);
  return bytes;
}
