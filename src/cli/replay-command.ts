import { Command, Option } from 'commander';
import { defaultPort } from '../daemon/sockets.ts';
import type { FollowRequest } from '../model/follow.ts';
import { factor, portOrAny, positive } from './arguments.ts';
import { colorOption, outputOption } from './render/options.ts';
import type { OutputFormat } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { type PartOptions, partOf, partOptions, readOption } from './session-part.ts';

interface Options extends PartOptions {
  readonly count?: number;
  readonly flows?: number;
  readonly speed?: number;
  readonly realtime?: true;
  readonly web?: true | number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .summary('print a recorded session as it was printed live')
    .description(
      'Prints the journeys of a session file (-w of follow and record): with nothing else said, byte for byte as `follow` printed them. Needs no root, no cluster and no Linux: names are in the file.',
    );
  return partOptions(readOption(command))
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
      const part = await partOf(src, dst, options);
      if (options.web !== undefined) await showOnPage(options.web, part, options);
      else process.exitCode = await replay(options.read, replayOptions(part, options));
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

function replayOptions(part: Partial<FollowRequest>, options: Options): ReplayOptions {
  const { output, color, count, flows } = options;
  const speed = options.realtime === true ? 1 : options.speed;
  return {
    output,
    color,
    ...part,
    ...(count === undefined ? {} : { count }),
    ...(flows === undefined ? {} : { flows }),
    ...(speed === undefined ? {} : { speed }),
  };
}
