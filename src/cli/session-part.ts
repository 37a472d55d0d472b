/** Of which session file, and which part of it: what `replay` and `export` are asked in the same words. */
import type { Command } from 'commander';
import { TracerError } from '../base/errors.ts';
import type { FollowRequest } from '../model/follow.ts';
import { port, protocol } from './arguments.ts';
import { compileFilter } from './pcap-expression.ts';

export interface PartOptions {
  readonly read: string;
  readonly context?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly filter?: string;
}

export function readOption(command: Command): Command {
  return command.requiredOption('-r, --read <FILE>', 'the session; - is stdin');
}

export function partOptions(command: Command): Command {
  return command
    .argument('[SRC]', 'other ends than those that were followed, as `follow` takes them')
    .argument('[DST]')
    .option('--context <CLUSTER>', 'SRC and DST are of this cluster (default: as recorded)')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('--filter <EXPR>', 'only packets that match this pcap-filter(7) expression at any place');
}

/** Of other packets than those that were followed. @throws USAGE where SRC stands alone or the filter is none. */
export async function partOf(
  src: string | undefined,
  dst: string | undefined,
  { context, port, proto, filter }: PartOptions,
): Promise<Partial<FollowRequest>> {
  if (src !== undefined && dst === undefined)
    throw new TracerError('USAGE', 'SRC needs a DST beside it', { hint: '`any` is everything' });
  return {
    ...(src === undefined || dst === undefined ? {} : { src, dst }),
    ...(context === undefined ? {} : { cluster: context }),
    ...(port === undefined ? {} : { port }),
    ...(proto === undefined ? {} : { proto }),
    ...(filter === undefined ? {} : { filter: await compileFilter(filter) }),
  };
}
