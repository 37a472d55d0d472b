/** One version of one namespace, indexed for the questions that are asked of every packet. */
import type {
  AddressSnapshot,
  LinkSnapshot,
  NeighbourSnapshot,
  NetnsSnapshot,
  RouteSnapshot,
} from '../model/inventory.ts';
import type { RouteRef } from '../model/journey.ts';
import { broadcastOf, inCidr, isLoopbackIp, isMulticast, solicitedNodeOf } from './addresses.ts';

const mainTable = 254;
const tableNames: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' };

export interface RouteAnswer extends RouteRef {
  readonly type: string;
  readonly src?: string;
  /** As `ip route` would print it. */
  readonly text: string;
}

export class NetnsView {
  readonly snapshot: NetnsSnapshot;
  /** ns since the inventory's clock base. */
  readonly fromNs: number;
  readonly #links = new Map<number, LinkSnapshot>();
  readonly #addresses = new Map<string, AddressSnapshot>();
  #groups: Set<string> | undefined;
  readonly #accepted = new Map<string, boolean | undefined>();
  readonly #routes = new Map<string, RouteAnswer | undefined>();

  constructor(snapshot: NetnsSnapshot, fromNs: number) {
    this.snapshot = snapshot;
    this.fromNs = fromNs;
    for (const link of snapshot.links) this.#links.set(link.ifindex, link);
    for (const address of snapshot.addresses) this.#addresses.set(address.ip, address);
  }

  get cookie(): string {
    return this.snapshot.cookie;
  }

  link(ifindex: number): LinkSnapshot | undefined {
    return this.#links.get(ifindex);
  }

  linkNamed(name: string): LinkSnapshot | undefined {
    return this.snapshot.links.find(link => link.name === name);
  }

  master(ifindex: number): LinkSnapshot | undefined {
    const master = this.#links.get(ifindex)?.master;
    return master === undefined ? undefined : this.#links.get(master);
  }

  ports(bridge: number): readonly LinkSnapshot[] {
    return this.snapshot.links.filter(link => link.master === bridge);
  }

  addresses(ifindex?: number): readonly AddressSnapshot[] {
    const all = this.snapshot.addresses;
    return ifindex === undefined ? all : all.filter(address => address.ifindex === ifindex);
  }

  /** The device that the address is configured on. An address may be on several (kindnet's gateway): the last listed. */
  owner(ip: string): LinkSnapshot | undefined {
    const address = this.#addresses.get(ip);
    return address === undefined ? undefined : this.#links.get(address.ifindex);
  }

  owns(ip: string): boolean {
    return this.#addresses.has(ip) || isLoopbackIp(ip);
  }

  /** Does a packet to this address end here? `undefined` = a multicast group whose members are not known. */
  accepts(ip: string): boolean | undefined {
    return remembered(this.#accepted, ip, () => this.#decide(ip));
  }

  #decide(ip: string): boolean | undefined {
    if (this.owns(ip)) return true;
    this.#groups ??= groupsOf(this.snapshot);
    if (this.#groups.has(ip)) return true;
    // A table of its own may say `local`, as transparent proxies have it.
    if (this.snapshot.routes.some(route => route.type === 'local' && inCidr(ip, route.dst))) return true;
    return isMulticast(ip) ? undefined : false;
  }

  /** The neighbour entry that a packet to `ip` by that device uses. */
  neighbour(ifindex: number, ip: string): NeighbourSnapshot | undefined {
    return this.snapshot.neighbours.find(entry => entry.ifindex === ifindex && entry.ip === ip);
  }

  /**
   * What the main table says: longest prefix, then lowest metric. Policy rules that lead to another table are not looked
   * at, nor is a multipath route's choice: its first way is told.
   */
  route(ip: string): RouteAnswer | undefined {
    return remembered(this.#routes, ip, () => this.#lookUp(ip));
  }

  #lookUp(ip: string): RouteAnswer | undefined {
    if (this.owns(ip)) return this.#localRoute(ip);
    let best: RouteSnapshot | undefined;
    for (const route of this.snapshot.routes) {
      if (route.table !== mainTable || !inCidr(ip, route.dst)) continue;
      if (best === undefined || isBetter(route, best)) best = route;
    }
    return best === undefined ? undefined : this.#answer(best);
  }

  #localRoute(ip: string): RouteAnswer {
    const dev = this.owner(ip)?.name ?? 'lo';
    return {
      type: 'local',
      table: 'local',
      prefix: `${ip}/${ip.includes(':') ? 128 : 32}`,
      dev,
      text: `local ${ip} dev ${dev}`,
    };
  }

  #answer(route: RouteSnapshot): RouteAnswer {
    const dev = route.ifindex === undefined ? undefined : this.#links.get(route.ifindex)?.name;
    const prefix = /^(0\.0\.0\.0|::)\/0$/.test(route.dst) ? 'default' : route.dst;
    const words = [
      ...(route.type === 'unicast' ? [] : [route.type]),
      prefix,
      ...(route.via === undefined ? [] : ['via', route.via]),
      ...(dev === undefined ? [] : ['dev', dev]),
      ...(route.src === undefined ? [] : ['src', route.src]),
      ...(route.metric === undefined ? [] : ['metric', String(route.metric)]),
    ];
    return {
      type: route.type,
      table: tableNames[route.table] ?? String(route.table),
      prefix: route.dst,
      ...(route.via === undefined ? {} : { via: route.via }),
      ...(dev === undefined ? {} : { dev }),
      ...(route.src === undefined ? {} : { src: route.src }),
      text: words.join(' '),
    };
  }
}

/** The same few addresses come again and again; a scan through many is not kept for long. */
function remembered<T>(answers: Map<string, T>, ip: string, find: () => T): T {
  const known = answers.get(ip);
  if (known !== undefined || answers.has(ip)) return known as T;
  if (answers.size >= 4096) answers.clear();
  const answer = find();
  answers.set(ip, answer);
  return answer;
}

const prefixLenOf = (route: RouteSnapshot): number => Number(route.dst.slice(route.dst.indexOf('/') + 1));

function isBetter(route: RouteSnapshot, than: RouteSnapshot): boolean {
  const longer = prefixLenOf(route) - prefixLenOf(than);
  return longer > 0 || (longer === 0 && (route.metric ?? 0) < (than.metric ?? 0));
}

/** Addresses that mean every host, or every one with such an address: broadcast, all-nodes, solicited-node. */
function groupsOf(snapshot: NetnsSnapshot): Set<string> {
  const groups = new Set(['255.255.255.255', '224.0.0.1', 'ff02::1', 'ff01::1']);
  for (const { ip, prefixLen } of snapshot.addresses) {
    const group = ip.includes(':') ? solicitedNodeOf(ip) : broadcastOf(ip, prefixLen);
    if (group !== undefined) groups.add(group);
  }
  if (snapshot.ipForward === true) groups.add('224.0.0.2').add('ff02::2');
  return groups;
}
