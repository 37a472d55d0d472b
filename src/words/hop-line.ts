/** What happened at a hop in a few words, for a line that has its place and device in columns of their own. */
import type { Hop } from '../model/journey.ts';
import { rewriteText } from './change-text.ts';
import { freedWords } from './drops/drop-places.ts';
import { resetWords } from './drops/reset-words.ts';
import type { HopFacts } from './hop-facts.ts';

export function hopLine(hop: HopFacts): string {
  switch (hop.layer) {
    case 'netfilter':
      return rewriteText(hop.changes) ?? `passes ${hop.stage.toUpperCase()}`;
    case 'route':
      return routeLine(hop);
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
      return socketLine(hop);
    default:
      return deviceLine(hop);
  }
}

function deviceLine({ hook, stage, dev, peer }: HopFacts): string {
  if (hook === 'napi_gro_receive_exit') return 'merged into another packet by GRO';
  if (stage === 'rx') return dev === 'lo' ? 'back in' : 'in';
  if (peer !== undefined) return `out → ${peer.netns} ${peer.dev}`;
  return dev === 'lo' ? 'out, to itself' : 'out';
}

function routeLine({ route, changes }: HopFacts): string {
  const ttl = changes.find(change => change.field === 'ttl')?.to;
  if (route === undefined) return `forwarded${ttl === undefined ? '' : `, TTL ${ttl}`}`;
  return `routed: ${routeWay(route)}${ttl === undefined ? '' : `, TTL ${ttl}`}`;
}

/** As `ip route` has it, in words where it says nothing. */
export function routeWay({ prefix, via, dev }: NonNullable<Hop['route']>): string {
  const to = prefix === '0.0.0.0/0' || prefix === '::/0' ? 'default' : prefix;
  const by = via === undefined ? 'on the link' : `via ${via}`;
  return `${to} ${by}${dev === undefined ? '' : ` dev ${dev}`}`;
}

/** An ordinary end names its function, one with a reason was freed although nothing was lost. */
export function socketLine({ hook, stage, verdict }: Pick<Hop, 'hook' | 'stage' | 'verdict'>): string {
  if (hook === 'skb_copy_datagram_iovec') return 'read by the process';
  if (hook === 'sk_data_ready') return 'in the buffer of its socket';
  if (hook === 'tcp_retransmit_skb') return 'TCP sends this again: no ACK came in time';
  if (hook === 'tcp_send_reset')
    return `${stage === 'send' ? 'this RST was sent because' : 'the kernel answers with RST:'} ${resetWords(verdict)}`;
  if (verdict === undefined) return 'taken by the stack';
  const known = Object.hasOwn(freedWords, verdict) ? freedWords[verdict] : undefined;
  if (known !== undefined) return `${known} (${verdict})`;
  return verdict.includes(' in ') ? `freed: ${verdict}` : `taken by ${verdict}`;
}
