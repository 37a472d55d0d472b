/** What one event shows changed against the one before, and what in the kernel does such a thing. */
import { addressPort } from '../model/address-port.ts';
import type { Event, NetworkLayer } from '../model/event.ts';
import type { Change, ChangeCause } from '../model/journey.ts';
import { innermost, ownConntrack } from '../model/tuples.ts';
import type { Places } from './places.ts';

const CTINFO_IS_REPLY = 3;
const IPS_SRC_NAT = 0x10;
const IPS_DST_NAT = 0x20;

export interface Changes {
  /** Destination rewritten: PREROUTING or OUTPUT. */
  readonly dst?: Change;
  /** Source rewritten: POSTROUTING. */
  readonly src?: Change;
  readonly encap?: Change;
  /** TTL, MAC, mark, VLAN, DSCP, length. */
  readonly rest: readonly Change[];
  readonly forwarded: boolean;
}

export function changesBetween(before: Event, after: Event, places: Places): Changes {
  const a = innermost(before);
  const b = innermost(after);
  if (a === undefined || b === undefined || a.family === 0 || b.family === 0)
    return { rest: macChange(before, after), forwarded: false };
  const dst = addressChange('dst', a.dst, a.dport, b.dst, b.dport, before, after, places);
  const src = addressChange('src', a.src, a.sport, b.src, b.sport, before, after, places);
  const encap = encapChange(before, after);
  return {
    ...(dst === undefined ? {} : { dst }),
    ...(src === undefined ? {} : { src }),
    ...(encap === undefined ? {} : { encap }),
    rest: [...smallChanges(a, b, before, after), ...macChange(before, after)],
    forwarded: a.ttl !== undefined && b.ttl !== undefined && b.ttl < a.ttl,
  };
}

/** NAT that happened before the first device saw the packet: conntrack remembers what the sender wrote. */
export function changesBeforeBirth(first: Event, places: Places): Pick<Changes, 'dst' | 'src'> {
  const ct = ownConntrack(first);
  const layer = innermost(first);
  if (ct === undefined || layer === undefined || layer.sport === undefined) return {};
  const written = ct.ctinfo >= CTINFO_IS_REPLY ? ct.reply : ct.orig;
  const dst = addressChange('dst', written.dst, written.dport, layer.dst, layer.dport, first, first, places);
  const src = addressChange('src', written.src, written.sport, layer.src, layer.sport, first, first, places);
  return { ...(dst === undefined ? {} : { dst }), ...(src === undefined ? {} : { src }) };
}

function addressChange(
  field: 'src' | 'dst',
  fromIp: string,
  fromPort: number | undefined,
  toIp: string,
  toPort: number | undefined,
  before: Event,
  after: Event,
  places: Places,
): Change | undefined {
  // A fragment shows no ports, which is no rewrite.
  const hasPorts = fromPort !== undefined && toPort !== undefined;
  if (fromIp === toIp && (!hasPorts || fromPort === toPort)) return undefined;
  return {
    field,
    from: addressPort(fromIp, hasPorts ? fromPort : undefined),
    to: addressPort(toIp, hasPorts ? toPort : undefined),
    by: natCause(field, toIp, before, after, places),
  };
}

function natCause(
  field: 'src' | 'dst',
  toIp: string,
  before: Event,
  after: Event,
  places: Places,
): ChangeCause {
  const ct = ownConntrack(after) ?? ownConntrack(before);
  if (ct === undefined) return 'unknown';
  const isReply = ct.ctinfo >= CTINFO_IS_REPLY;
  if (field === 'dst') {
    if (!isReply) return (ct.status & IPS_DST_NAT) === 0 ? 'bpf' : 'dnat';
    return (ct.status & IPS_SRC_NAT) === 0 ? 'bpf' : 'unsnat';
  }
  if (isReply) return (ct.status & IPS_DST_NAT) === 0 ? 'bpf' : 'undnat';
  if ((ct.status & IPS_SRC_NAT) === 0) return 'bpf';
  return places.owns(after.netns, toIp, after.timeNs) === true ? 'masquerade' : 'snat';
}

function encapChange(before: Event, after: Event): Change | undefined {
  const a = tunnelText(before);
  const b = tunnelText(after);
  if (a === b) return undefined;
  return {
    field: 'encap',
    ...(a === undefined ? {} : { from: a }),
    ...(b === undefined ? {} : { to: b }),
    by: 'vxlan',
  };
}

function tunnelText(event: Event): string | undefined {
  const headers = event.headers;
  if (headers?.vxlan === undefined) return undefined;
  return `vxlan vni ${headers.vxlan.vni} ${headers.outer.src}→${headers.outer.dst}`;
}

function smallChanges(a: NetworkLayer, b: NetworkLayer, before: Event, after: Event): Change[] {
  const changes: Change[] = [];
  const add = (
    field: Change['field'],
    from: number | undefined,
    to: number | undefined,
    by: ChangeCause,
  ): void => {
    if (from === to) return;
    changes.push({
      field,
      ...(from === undefined ? {} : { from: String(from) }),
      ...(to === undefined ? {} : { to: String(to) }),
      by,
    });
  };
  add('ttl', a.ttl, b.ttl, 'forward');
  add('dscp', a.dscp, b.dscp, 'unknown');
  add(
    'mark',
    before.mark === 0 ? undefined : before.mark,
    after.mark === 0 ? undefined : after.mark,
    'unknown',
  );
  add(
    'vlan',
    before.vlanTci === 0 ? undefined : before.vlanTci,
    after.vlanTci === 0 ? undefined : after.vlanTci,
    'unknown',
  );
  if (before.headers?.inner === undefined && after.headers?.inner === undefined)
    add('length', before.skbLen, after.skbLen, 'unknown');
  return changes;
}

/** Only where both show a header: a device without one, or one that is about to be written, says nothing. */
function macChange(before: Event, after: Event): Change[] {
  const a = before.headers?.ethernet;
  const b = after.headers?.ethernet;
  if (a === undefined || b === undefined || isBlank(a) || isBlank(b)) return [];
  if (before.headers?.inner !== undefined || after.headers?.inner !== undefined) return [];
  if (a.src === b.src && a.dst === b.dst) return [];
  return [{ field: 'mac', from: `${a.src}→${a.dst}`, to: `${b.src}→${b.dst}`, by: 'forward' }];
}

function isBlank(mac: { readonly src: string; readonly dst: string }): boolean {
  return mac.src === '00:00:00:00:00:00' && mac.dst === '00:00:00:00:00:00';
}
