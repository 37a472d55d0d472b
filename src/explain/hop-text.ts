/** What happened at a hop, in one line that a beginner can read, and the command that shows the same by hand. */
import type { Change, Hop } from '../model/journey.ts';

type HopFacts = Omit<Hop, 'index' | 'text' | 'command'>;

export interface HopStory {
  readonly text: string;
  readonly command?: string;
}

const natWords: Readonly<Record<string, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  masquerade: 'masquerade',
  undnat: 'DNAT undone by conntrack',
  unsnat: 'SNAT undone by conntrack',
  bpf: 'rewritten by tc/eBPF',
  unknown: 'rewritten, by what is not known',
};

export function hopStory(hop: HopFacts, before: HopFacts | undefined, place: string): HopStory {
  const command = commandOf(hop);
  const text = textOf(hop, before, place);
  return command === undefined ? { text } : { text, command };
}

function textOf(hop: HopFacts, before: HopFacts | undefined, place: string): string {
  switch (hop.layer) {
    case 'netfilter':
      return rewriteText(hop.changes) ?? `passes ${hop.stage.toUpperCase()}`;
    case 'route':
      return routeText(hop, place);
    case 'tunnel':
      return hop.stage === 'encap'
        ? `wrapped by ${hop.dev ?? 'the tunnel'} (${hop.changes[0]?.to ?? 'tunnel'})`
        : `unwrapped by ${hop.dev ?? 'the tunnel'}`;
    case 'neighbour':
      return 'waits until the next hop tells its MAC address';
    case 'bridge':
      return 'the bridge forwards it to another port';
    case 'drop':
      return `dropped: ${hop.verdict ?? 'no reason given'}`;
    case 'socket':
      return socketText(hop);
    default:
      return deviceText(hop, before, place);
  }
}

function deviceText(hop: HopFacts, before: HopFacts | undefined, place: string): string {
  const dev = hop.dev ?? 'a device';
  if (hop.hook === 'napi_gro_receive_exit') return 'merged into another packet by GRO';
  if (hop.stage === 'rx') {
    if (dev === 'lo') return `arrives by lo`;
    return before === undefined || before.netns.cookie !== hop.netns.cookie
      ? `enters ${place} by ${dev}`
      : `${dev} hands it up`;
  }
  if (hop.peer !== undefined) return `leaves ${place} by ${dev}, to ${hop.peer.netns} ${hop.peer.dev}`;
  return dev === 'lo' ? 'leaves by lo, to itself' : `leaves by ${dev}`;
}

function routeText(hop: HopFacts, place: string): string {
  const route = hop.route;
  if (route === undefined) return `${place} forwards it`;
  const ttl = hop.changes.find(change => change.field === 'ttl')?.to;
  const via = route.via === undefined ? 'on the link' : `via ${route.via}`;
  return `${place} routes it: ${route.prefix === '0.0.0.0/0' || route.prefix === '::/0' ? 'default' : route.prefix} ${via}${route.dev === undefined ? '' : ` dev ${route.dev}`}${ttl === undefined ? '' : `, TTL ${ttl}`}`;
}

/** Frees with a reason that sounds like a loss and is none. */
const freedWords: Readonly<Record<string, string>> = {
  'NO_SOCKET in ping_rcv': 'the pinging process has its copy',
  'NO_SOCKET in tcp_v4_rcv': 'nobody listens on that port',
  'NO_SOCKET in tcp_v6_rcv': 'nobody listens on that port',
  'NO_SOCKET in __udp4_lib_rcv': 'nobody listens on that port',
  'NO_SOCKET in __udp6_lib_rcv': 'nobody listens on that port',
  'OTHERHOST in ip_rcv_core': 'not for this host, by its MAC address',
  'OTHERHOST in ip6_rcv_core': 'not for this host, by its MAC address',
  'UNHANDLED_PROTO in __netif_receive_skb_core': 'not for this host: nothing here takes this protocol',
  'NOT_SPECIFIED in ip6_mc_input': 'not for this host: it is in no such multicast group',
};

/** An ordinary end names its function, one with a reason was freed although nothing was lost. */
function socketText(hop: HopFacts): string {
  if (hop.hook === 'skb_copy_datagram_iovec') return 'read by the process';
  if (hop.verdict === undefined) return 'taken by the stack';
  const known = freedWords[hop.verdict];
  if (known !== undefined) return `${known} (${hop.verdict})`;
  return hop.verdict.includes(' in ') ? `freed: ${hop.verdict}` : `taken by ${hop.verdict}`;
}

export function rewriteText(changes: readonly Change[]): string | undefined {
  const change = changes.find(c => c.field === 'dst' || c.field === 'src');
  if (change === undefined) return undefined;
  return `${change.from ?? 'nothing'} → ${change.to ?? 'nothing'} (${natWords[change.by] ?? change.by})`;
}

/** What shows the same by hand, in the namespace of the hop; nothing where that has no name to enter it by. */
function commandOf(hop: HopFacts): string | undefined {
  const tool = toolOf(hop);
  if (tool === undefined) return undefined;
  const words = hop.netns.name === undefined ? tool : ['ip', 'netns', 'exec', hop.netns.name, ...tool];
  return hop.netns.name === undefined && hop.node !== 'host' ? undefined : words.map(shellWord).join(' ');
}

function toolOf(hop: HopFacts): string[] | undefined {
  const dev = hop.dev === undefined ? [] : [hop.dev];
  switch (hop.layer) {
    case 'netfilter':
      return conntrackCommand(hop);
    case 'route':
      return hop.tuple === undefined ? undefined : ['ip', 'route', 'get', hop.tuple.dst];
    case 'neighbour':
      return ['ip', 'neigh', 'show', 'dev', ...dev];
    case 'tunnel':
      return ['bridge', 'fdb', 'show', 'dev', ...dev];
    case 'device':
      return ['ip', '-s', 'link', 'show', ...dev];
    default:
      return undefined;
  }
}

/** conntrack lists an entry by the address that its originator had before any rewriting. */
function conntrackCommand(hop: HopFacts): string[] | undefined {
  const { tuple } = hop;
  if (tuple === undefined) return undefined;
  const isUndone = hop.changes.some(change => change.by === 'undnat' || change.by === 'unsnat');
  const before = hop.changes.find(change => change.field === 'src')?.from;
  const originator = isUndone || hop.ct?.dir === 'reply' ? tuple.dst : withoutPort(before ?? tuple.src);
  const family = originator.includes(':') ? ['-f', 'ipv6'] : [];
  return ['conntrack', '-L', ...family, '--orig-src', originator];
}

function withoutPort(text: string): string {
  const match = /^\[(.+)\]:\d+$|^([^:]+):\d+$/.exec(text);
  return match?.[1] ?? match?.[2] ?? text;
}

/** Names of devices and namespaces may hold nearly anything. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
