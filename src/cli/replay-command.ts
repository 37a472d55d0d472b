import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { defaultPort } from '../daemon/sockets.ts';
import type { FollowRequest } from '../model/follow.ts';
import { factor, port, portOrAny, positive, protocol } from './arguments.ts';
import { compileFilter } from './pcap-expression.ts';
import { colorOption, outputOption } from './render/options.ts';
import type { OutputFormat } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';
import { type ReplayOptions, replay } from './replay.ts';

interface Options {
  readonly read: string;
  readonly context?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly filter?: string;
  readonly count?: number;
  readonly flows?: number;
  readonly speed?: number;
  readonly realtime?: true;
  readonly web?: true | number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
}

export function replayCommand(): Command {
  return new Command('replay')
    .summary('print a recorded session as it was printed live')
    .description(
      'Prints the journeys of a session file (-w of follow and record): with nothing else said, byte for byte as `follow` printed them. Needs no root, no cluster and no Linux: names are in the file.',
    )
    .requiredOption('-r, --read <FILE>', 'the session; - is stdin')
    .argument('[SRC]', 'other ends than those that were followed, as `follow` takes them')
    .argument('[DST]')
    .option('--context <CLUSTER>', 'SRC and DST are of this cluster (default: as recorded)')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('--filter <EXPR>', 'only packets that match this pcap-filter(7) expression at any place')
    .option('-c, --count <N>', 'only the first N packets', positive)
    .option('--flows <N>', 'only the first N conversations', positive)
    .addOption(
      new Option('--speed <N>', 'N times as fast as it was (default: as fast as possible)').argParser(factor),
    )
    .addOption(new Option('--realtime', 'as fast as it was').conflicts('speed'))
    .addOption(
      new Option('--web [PORT]', `show it on a page instead, on 127.0.0.1 (port ${defaultPort}; 0: any)`)
        .argParser(portOrAny)
        .conflicts(['speed', 'realtime', 'output', 'count', 'flows']),
    )
    .addOption(outputOption())
    .addOption(colorOption())
    .addHelpText(
      'after',
      `
Examples:
  tracer replay -r curl.tracer
  tracer replay -r curl.tracer -o json | jq .summary
  tracer replay -r curl.tracer --web
  tracer replay -r night.tracer pod-a any --proto tcp -p 80`,
    )
    .action(async (src: string | undefined, dst: string | undefined, options: Options) => {
      if (src !== undefined && dst === undefined)
        throw new TracerError('USAGE', 'SRC needs a DST beside it', { hint: '`any` is everything' });
      const filter = options.filter === undefined ? {} : { filter: await compileFilter(options.filter) };
      if (options.web === undefined)
        process.exitCode = await replay(options.read, { ...replayOptions(src, dst, options), ...filter });
      else await showOnPage(options.web, { ...askedOf(src, dst, options), ...filter }, options);
    });
}

async function showOnPage(
  web: true | number,
  request: Partial<FollowRequest>,
  { read }: Options,
): Promise<void> {
  const { replayWeb } = await import('./replay-web.ts'); // loads a server, which printing does not need
  await replayWeb(read, { port: web === true ? defaultPort : web, request });
}

function replayOptions(src: string | undefined, dst: string | undefined, options: Options): ReplayOptions {
  const { output, color, count, flows } = options;
  const speed = options.realtime === true ? 1 : options.speed;
  return {
    output,
    color,
    ...askedOf(src, dst, options),
    ...(count === undefined ? {} : { count }),
    ...(flows === undefined ? {} : { flows }),
    ...(speed === undefined ? {} : { speed }),
  };
}

/** Of other packets than those that were followed. */
function askedOf(
  src: string | undefined,
  dst: string | undefined,
  { context, port, proto }: Options,
): Partial<FollowRequest> {
  return {
    ...(src === undefined || dst === undefined ? {} : { src, dst }),
    ...(context === undefined ? {} : { cluster: context }),
    ...(port === undefined ? {} : { port }),
    ...(proto === undefined ? {} : { proto }),
  };
}
