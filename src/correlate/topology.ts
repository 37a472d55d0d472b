/** What correlation asks about the host at a moment; the inventory answers. `undefined` = not known, which is not a no. */
export interface Topology {
  link(netns: number, ifindex: number, timeNs: number): LinkFacts | undefined;
  /** Is `ip` an address of that namespace (or one that all hosts of it listen to)? */
  owns(netns: number, ip: string, timeNs: number): boolean | undefined;
}

export interface LinkFacts {
  /** stacked = its packets go on through another device of this kernel (vlan, macvlan, bond, …). */
  readonly kind: 'loopback' | 'veth' | 'bridge' | 'vxlan' | 'stacked' | 'other';
  /** veth: the other end, where known. */
  readonly peer?: { readonly netns: number; readonly ifindex: number };
  /** ifindex of the bridge that it is a port of. */
  readonly master?: number;
}

/** A device that leads out of this kernel: whatever leaves by it is seen no more, whatever comes in by it is a birth. */
export function isEdge(link: LinkFacts): boolean {
  return link.kind === 'other';
}
