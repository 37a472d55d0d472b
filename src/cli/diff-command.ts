/** `tracer diff ID ID`: where two packets part. */
import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { journeyDiff } from '../explain/diff/journey-diff.ts';
import type { AnyJourney } from '../model/journey.ts';
import { packetId, sourceOf } from './explain-command.ts';
import { findJourneys, requireJourney } from './journeys/journey-source.ts';
import { Output } from './output.ts';
import { diffLines } from './render/diff.ts';
import { colorOption } from './render/options.ts';
import { type ColorMode, styleFor } from './render/style.ts';

interface Options {
  readonly read: readonly string[];
  readonly socket?: string;
  readonly output: 'text' | 'json';
  readonly color: ColorMode;
}

export function diffCommand(): Command {
  return new Command('diff')
    .summary('where two packets part: another way, another rewrite, slower where, another end')
    .description(
      'Compares two packets that were followed, hop by hop. Places are compared by name, so that they may come from two recordings, also of different hosts. From recordings, else the daemon, else the last following.',
    )
    .argument('<A>', 'number of a packet, as tracer follow prints it', packetId)
    .argument('<B>', 'number of the other', packetId)
    .option('-r, --read <FILE>', 'a session file; twice: A is in the first, B in the second', collect, [])
    .option('--socket <PATH>', 'the socket of a daemon (default: $TRACER_SOCKET, else its own)')
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['text', 'json']).default('text'))
    .addOption(colorOption())
    .addHelpText('after', '\nExamples:\n  tracer diff 1 7\n  tracer diff 1 1 -r good.tracer -r bad.tracer')
    .action(async (idA: string, idB: string, options: Options) => {
      const [a, b] = await bothOf(idA, idB, options);
      const diff = journeyDiff(a, b);
      const output = new Output();
      if (options.output === 'json') {
        output.line(JSON.stringify(diff));
        return;
      }
      const style = styleFor(options.color, process.stdout.isTTY === true);
      for (const line of diffLines(diff, a, b, { style, width: output.width })) output.line(line);
    });
}

const collect = (file: string, files: readonly string[]): string[] => [...files, file];

async function bothOf(
  idA: string,
  idB: string,
  { read, socket }: Options,
): Promise<[AnyJourney, AnyJourney]> {
  const [first, second, ...more] = read;
  if (more.length > 0) throw new TracerError('USAGE', 'two files can be compared, not more');
  if (second === undefined) {
    const found = await findJourneys([idA, idB], sourceOf(first, socket));
    return [requireJourney(found, idA).journey, requireJourney(found, idB).journey];
  }
  const [foundA, foundB] = await Promise.all([
    findJourneys([idA], sourceOf(first, socket)),
    findJourneys([idB], sourceOf(second, socket)),
  ]);
  return [requireJourney(foundA, idA).journey, requireJourney(foundB, idB).journey];
}
