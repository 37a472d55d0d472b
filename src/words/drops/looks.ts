/** What to look at, by hand, in the namespace where a packet was dropped. Each command only reads. */
import type { Hop, Tuple } from '../../model/journey.ts';

export type Look =
  /** Rules with their counters: nftables (iptables-nft writes those too), or the legacy tables. */
  | 'rules'
  | 'legacy-rules'
  /** Who decided: the route of the packet; all routes that match its destination; those back to its source. */
  | 'route'
  | 'routes'
  | 'route-back'
  | 'forwarding'
  | 'neighbours'
  | 'link'
  | 'tunnel'
  | 'queue'
  | 'programs'
  | 'cgroup-programs'
  | 'sockets'
  | 'fdb'
  | 'addresses'
  | 'cpu-backlog'
  | 'ipsec'
  /** A counter of /proc/net/{snmp,netstat,snmp6}. */
  | `count ${string}`;

export function lookWords(look: Look, { dev, tuple }: Pick<Hop, 'dev' | 'tuple'>): string[] | undefined {
  const on = dev === undefined ? [] : ['dev', dev];
  const six = tuple?.src.includes(':') === true;
  switch (look) {
    case 'rules':
      return ['nft', 'list', 'ruleset'];
    case 'legacy-rules':
      return [six ? 'ip6tables-save' : 'iptables-save', '-c'];
    case 'route':
      return (
        tuple && [
          'ip',
          'route',
          'get',
          tuple.dst,
          ...(dev === undefined ? [] : ['from', tuple.src, 'iif', dev]),
        ]
      );
    case 'routes':
      return tuple && routesTo(tuple.dst);
    case 'route-back':
      return tuple && routesTo(tuple.src);
    case 'forwarding':
      return ['sysctl', six ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'];
    case 'neighbours':
      return ['ip', 'neigh', 'show', ...on];
    case 'link':
      return ['ip', '-s', 'link', 'show', ...on];
    case 'tunnel':
      return ['ip', '-d', 'link', 'show', ...on];
    case 'queue':
      return ['tc', '-s', 'qdisc', 'show', ...on];
    case 'programs':
      return ['bpftool', 'net', 'show', ...on];
    case 'cgroup-programs':
      return ['bpftool', 'cgroup', 'tree'];
    case 'sockets':
      return socketWords(tuple);
    case 'fdb':
      return ['bridge', 'fdb', 'show', ...on];
    case 'addresses':
      return ['ip', 'addr', 'show'];
    case 'cpu-backlog':
      return ['cat', '/proc/net/softnet_stat'];
    case 'ipsec':
      return ['ip', 'xfrm', 'policy'];
    default:
      return ['nstat', '-asz', look.slice('count '.length)];
  }
}

/** An empty answer says that there is none; `ip route get` would only fail. */
function routesTo(ip: string): string[] {
  return ['ip', ...(ip.includes(':') ? ['-6'] : []), 'route', 'show', 'table', 'all', 'to', 'match', ip];
}

/** Listening and connected ones of the port that the packet is addressed to, or was sent from, with what their queues hold. */
export function socketWords(tuple: Tuple | undefined, of: 'sport' | 'dport' = 'dport'): string[] | undefined {
  const port = tuple?.[of];
  if (port === undefined || (tuple?.proto !== 'tcp' && tuple?.proto !== 'udp')) return undefined;
  return ['ss', tuple.proto === 'tcp' ? '-tanp' : '-uanp', 'sport', '=', `:${port}`];
}
