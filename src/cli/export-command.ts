/** `tracer export -r FILE --pcapng OUT`: a session for Wireshark. */
import { Command } from 'commander';
import { TracerError } from '../base/errors.ts';
import { port, protocol } from './arguments.ts';
import { PcapngFile } from './following/pcapng-file.ts';
import { compileFilter } from './pcap-expression.ts';
import { replay } from './replay.ts';

/** What waits longer stands out of order. */
const HOLD_NS = 5_000_000_000;

interface Options {
  readonly read: string;
  readonly pcapng: string;
  readonly context?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly filter?: string;
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('a recorded session as a capture file for Wireshark')
    .description(
      'Writes the packets of a session file as pcapng: an interface for each place, a record for each device that a packet passed, what happened there as its comments, names in name resolution blocks. Headers only, as they were recorded.',
    )
    .requiredOption('-r, --read <FILE>', 'the session; - is stdin')
    .requiredOption('--pcapng <OUT>', 'the file to write; - is stdout')
    .argument('[SRC]', 'other ends than those that were followed, as `follow` takes them')
    .argument('[DST]')
    .option('--context <CLUSTER>', 'SRC and DST are of this cluster (default: as recorded)')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('--filter <EXPR>', 'only packets that match this pcap-filter(7) expression at any place')
    .addHelpText(
      'after',
      `
Examples:
  tracer export -r curl.tracer --pcapng curl.pcapng
  tracer export -r night.tracer --pcapng - pod-a any -p 53 | tshark -N n -r -`,
    )
    .action(async (src: string | undefined, dst: string | undefined, options: Options) => {
      if (src !== undefined && dst === undefined)
        throw new TracerError('USAGE', 'SRC needs a DST beside it', { hint: '`any` is everything' });
      process.exitCode = await exportSession(src, dst, options);
    });
}

/** @returns 0, or 3 if nothing matched. @throws SESSION_FILE, SESSION_FORMAT. */
async function exportSession(
  src: string | undefined,
  dst: string | undefined,
  { read, pcapng, context, port, proto, filter }: Options,
): Promise<number> {
  const compiled = filter === undefined ? {} : { filter: await compileFilter(filter) };
  const file = await PcapngFile.open(pcapng, HOLD_NS);
  try {
    await replay(read, {
      output: 'json',
      color: 'never',
      mute: true,
      sink: file,
      ...(src === undefined || dst === undefined ? {} : { src, dst }),
      ...compiled,
      ...(context === undefined ? {} : { cluster: context }),
      ...(port === undefined ? {} : { port }),
      ...(proto === undefined ? {} : { proto }),
    });
  } finally {
    await file.close();
  }
  process.stderr.write(`tracer: ${file.summary()}\n`);
  if (file.failure !== undefined) throw file.failure;
  return file.isEmpty ? 3 : 0;
}
