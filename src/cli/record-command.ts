import { Command } from 'commander';
import { TracerError } from '../base/errors.ts';
import { follow } from './follow.ts';
import { type FollowArguments, followOptions, withFollowOptions } from './follow-command.ts';

export function recordCommand(): Command {
  return withFollowOptions(new Command('record'))
    .summary('follow, and keep it in a session file')
    .description(
      'Follows everything, or what SRC opens to DST, and records it: `follow any any` with -w required. Needs root.',
    )
    .argument('[SRC]', 'as `follow` takes it; default: any')
    .argument('[DST]', 'likewise')
    .argument('[CMD...]', 'after --: started when the taps are attached; its end ends the recording')
    .addHelpText(
      'after',
      `
Examples:
  tracer record -w night.tracer --timeout 10m > /dev/null
  tracer record -w curl.tracer -- curl -s http://203.0.113.10/
  tracer record -w - pod-a any --timeout 10s | ssh me@laptop tracer replay -r -`,
    )
    .action(
      async (_src: unknown, _dst: unknown, _cmd: unknown, options: FollowArguments, command: Command) => {
        if (options.write === undefined)
          throw new TracerError('USAGE', 'where to? record needs -w FILE', { hint: '-w - is stdout' });
        const { ends, argv } = sortedArguments(command.args, process.argv);
        const [src = 'any', dst = 'any'] = ends;
        const result = await follow(src, dst, await followOptions(argv, options));
        process.exitCode = result.exitCode;
      },
    );
}

/** What stands before `--` are ends, what stands behind it is a command: commander does not tell them apart. */
function sortedArguments(
  args: readonly string[],
  all: readonly string[],
): { readonly ends: readonly string[]; readonly argv: readonly string[] } {
  const dashes = all.indexOf('--');
  const argv = dashes < 0 ? [] : all.slice(dashes + 1);
  const ends = args.slice(0, args.length - argv.length);
  if (ends.length === 0 || ends.length === 2) return { ends, argv };
  throw new TracerError('USAGE', 'record takes SRC and DST, or neither', {
    hint: '`any` is everything; a command stands behind --',
  });
}
