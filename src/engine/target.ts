/** What `follow SRC DST` means: for the kernel filter (wide, cheap) and for each journey (exact). */

import type { WatchRule, WatchSide } from '../collect/watch.ts';
import { inCidr } from '../inventory/addresses.ts';
import type { Selection } from '../inventory/selection.ts';
import type { Endpoint, Journey } from '../model/journey.ts';

export interface FollowTarget {
  readonly src: Selection;
  readonly dst: Selection;
  readonly proto?: string;
  readonly port?: number;
  /** Addresses that answer DNS for SRC; asked for the service's name, they are followed too when DST is a service. */
  readonly dnsIps: readonly string[];
  /** Asked for, or that of its ends: what is seen in other clusters alone is not meant, also where they have the same addresses. */
  readonly cluster?: string;
}

/** Cookie of a namespace → the cluster that it belongs to; undefined: to none, or it is not known (yet). */
export type ClusterOf = (netns: string) => string | undefined;

/** Addresses are the same in many clusters, namespaces are not. A packet may cross from one into another; then it belongs to both. */
export function isElsewhere(
  { cluster }: Pick<FollowTarget, 'cluster'>,
  { hops }: Pick<Journey, 'hops'>,
  clusterOf: ClusterOf,
): boolean {
  if (cluster === undefined) return false;
  let isInOther = false;
  for (const { netns } of hops) {
    const at = clusterOf(netns.cookie);
    if (at === cluster) return false;
    if (at !== undefined) isInOther = true;
  }
  return isInOther;
}

/** The kernel copies what may belong to it; ports change on the way, so they are compared later. */
export function watchRules(target: FollowTarget): WatchRule[] {
  const proto = kernelProto(target.proto);
  const { src, dst } = target;
  const a = sideOf(src, dst);
  const rules: WatchRule[] = [{ proto, a, b: sideOf(dst, src) }];
  if (target.dnsIps.length > 0) rules.push({ proto: 'any', a, b: { ips: target.dnsIps } });
  return rules;
}

function kernelProto(proto: string | undefined): WatchRule['proto'] {
  if (proto === 'tcp' || proto === 'udp') return proto;
  return proto === 'icmp' || proto === 'icmpv6' ? 'icmp' : 'any';
}

function sideOf(selection: Selection, other: Selection): WatchSide {
  if (selection.any === true) return { any: true };
  const ips = [
    ...new Set([
      ...selection.ips,
      ...selection.cidrs,
      ...(selection.backendIps ?? []),
      ...(selection.nodeIps ?? []),
    ]),
  ];
  return { ips, netns: isKnownByIp(selection, other) ? [] : selection.netnsCookies };
}

/**
 * On the way to another pod or a service a pod is its addresses, unless both are in it: then its loopback is meant too, as where
 * 127.0.0.1 is asked for. To look at the namespace as well costs every packet of the host.
 */
function isKnownByIp(side: Selection, other: Selection): boolean {
  if (side.kind !== 'pod' || side.ips.length === 0) return false;
  if ((other.kind !== 'pod' && other.kind !== 'service') || other.ips.length === 0) return false;
  return !side.netnsCookies.some(cookie => other.netnsCookies.includes(cookie));
}

/** Open or closed. */
type Told = Omit<Journey, 'closedBy'>;

/** Decides once a flow, by the first journey of it that tells who opened it; the others of the flow go the same way. */
export class Matcher {
  #target: FollowTarget;
  readonly #clusterOf: ClusterOf;
  readonly #flows = new Map<string, boolean>();

  constructor(target: FollowTarget, clusterOf: ClusterOf) {
    this.#target = target;
    this.#clusterOf = clusterOf;
  }

  /** The same names mean other addresses now; what was decided stays. */
  retarget(target: FollowTarget): void {
    this.#target = target;
  }

  /** Of one that is still open: what will be seen of it may decide otherwise, so nothing is decided for its flow. */
  mayMatch(journey: Told): boolean {
    const known = journey.flow === undefined ? undefined : this.#flows.get(journey.flow);
    return known ?? this.#decide(journey);
  }

  matches(journey: Told): boolean {
    const known = journey.flow === undefined ? undefined : this.#flows.get(journey.flow);
    const decided = known ?? this.#decide(journey);
    // An ICMP error alone does not tell whom its flow is for: a request that closes later does.
    if (journey.direction === 'related' && !decided) return false;
    if (journey.flow !== undefined && known === undefined) {
      if (this.#flows.size > 100_000) this.#flows.clear();
      this.#flows.set(journey.flow, decided);
    }
    return decided;
  }

  /** Does SRC ask its DNS here, or is answered? For the service that is followed, or for something else. */
  dnsOf(journey: Told): 'own' | 'other' | undefined {
    const { dst, port } = this.#target;
    if (!this.#isDns(journey) || isElsewhere(this.#target, journey, this.#clusterOf)) return undefined;
    if (port !== undefined && port !== 53) return 'other';
    return isAbout(dst, journey) ? 'own' : 'other';
  }

  #decide(journey: Told): boolean {
    const { src, dst, proto, port } = this.#target;
    if (isElsewhere(this.#target, journey, this.#clusterOf)) return false;
    if (this.dnsOf(journey) === 'own') return true;
    if (
      proto !== undefined &&
      journey.proto !== proto &&
      !(journey.direction === 'related' && proto !== 'icmp')
    )
      return false;
    if (port !== undefined && !usesPort(journey, port)) return false;
    if (journey.direction === 'none')
      return isNoiseWanted(this.#target, journey) && between(journey, src, dst);
    if (journey.direction === 'request')
      return isAt(src, journey.from, firstNetns(journey)) && reaches(dst, journey);
    // A flow that was open before: its reply shows both ends the other way round.
    return (
      isAt(src, journey.to, lastNetns(journey)) &&
      (isAt(dst, journey.from) || (journey.service !== undefined && isAt(dst, journey.service)))
    );
  }

  #isDns(journey: Told): boolean {
    const { src, dnsIps } = this.#target;
    if (dnsIps.length === 0 || !usesPort(journey, 53)) return false;
    const server = journey.direction === 'reply' ? journey.from : journey.to;
    const client = journey.direction === 'reply' ? journey.to : journey.from;
    return dnsIps.includes(server.ip) && isAt(src, client, firstNetns(journey));
  }
}

/** Is the service's name, with or without anything around it, among the labels? True where the question was not seen. */
function isAbout({ service }: Selection, { packet }: Told): boolean {
  if (service === undefined || packet.dns === undefined) return true;
  return packet.dns.query.toLowerCase().split('.').includes(service.name);
}

/** What has no conversation, such as ARP: where it was asked for, or where the two ask for each other. */
function isNoiseWanted({ proto, src, dst }: FollowTarget, journey: Told): boolean {
  if (proto === 'arp' || proto === 'icmpv6' || dst.any === true) return true;
  return journey.proto === 'arp' && src.any !== true;
}

function between(journey: Told, src: Selection, dst: Selection): boolean {
  return (
    (isAt(src, journey.from, firstNetns(journey)) && reaches(dst, journey)) ||
    (isAt(dst, journey.from) && isAt(src, journey.to))
  );
}

function reaches(dst: Selection, journey: Told): boolean {
  if (isAt(dst, journey.to)) return true;
  if (journey.service !== undefined && isAt(dst, journey.service)) return true;
  return dst.kind !== 'service' && journey.backend !== undefined && isAt(dst, journey.backend);
}

/** `netns`: cookie of the namespace in which the endpoint was seen. */
function isAt(selection: Selection, endpoint: Endpoint, netns?: string): boolean {
  if (selection.any === true) return true;
  if (netns !== undefined && selection.netnsCookies.includes(netns)) return true;
  // An address means this only in its own cluster: other labs, and namespaces without a name, may use the same.
  if (selection.cluster !== undefined && endpoint.cluster !== selection.cluster) return false;
  if (selection.kind === 'service' && endpoint.kind === 'service' && selection.service !== undefined)
    return endpoint.name === selection.service.name && endpoint.namespace === selection.service.namespace;
  return (
    addressedBy(selection).includes(endpoint.ip) || selection.cidrs.some(cidr => inCidr(endpoint.ip, cidr))
  );
}

/** A service without an address of its own (headless) is asked at its endpoints. */
function addressedBy({ kind, ips, backendIps }: Selection): readonly string[] {
  return kind === 'service' && ips.length === 0 ? (backendIps ?? []) : ips;
}

function firstNetns(journey: Told): string | undefined {
  return journey.hops[0]?.netns.cookie;
}

function lastNetns(journey: Told): string | undefined {
  return journey.hops[journey.hops.length - 1]?.netns.cookie;
}

function usesPort(journey: Told, port: number): boolean {
  return journey.hops.some(({ tuple, inner }) => {
    const seen = inner ?? tuple;
    return seen?.sport === port || seen?.dport === port;
  });
}
