/** `tracer explain ID`: one packet, with the reason of every hop and the command that shows it. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { findJourneys, requireJourney } from './journeys/journey-source.ts';
import { Output } from './output.ts';
import { explainLines } from './render/explain.ts';
import { colorOption } from './render/options.ts';
import { type ColorMode, styleFor } from './render/style.ts';

interface Options {
  readonly read?: string;
  readonly socket?: string;
  readonly output: 'text' | 'json';
  readonly color: ColorMode;
}

export function explainCommand(): Command {
  return new Command('explain')
    .summary('why each hop of a packet happened, and the command that shows it')
    .description(
      'Explains one packet that was followed: why it went where it went, what became of it, what to look at next, and for every hop the command that shows the same on this host. From a recording, else the daemon, else the last following. Needs root only for the daemon.',
    )
    .argument('<ID>', 'its number, as tracer follow prints it; "#" may stand before it', packetId)
    .option('-r, --read <FILE>', 'a session file; - is stdin')
    .option('--socket <PATH>', 'the socket of a daemon (default: $TRACER_SOCKET, else its own)')
    .addOption(
      new Option('-o, --output <FORMAT>', 'json: the journey as it is')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(colorOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tracer explain 17\n  tracer explain 17 -r slow.tracer -o json | jq .outcome',
    )
    .action(async (id: string, { read, socket, output: format, color }: Options) => {
      const found = await findJourneys([id], sourceOf(read, socket));
      const { journey, flow } = requireJourney(found, id);
      const output = new Output();
      output.note(`tracer: packet #${id} ${found.where} (session ${journey.session})`);
      if (format === 'json') output.line(JSON.stringify(journey));
      else {
        const style = styleFor(color, process.stdout.isTTY === true);
        for (const line of explainLines(journey, flow, { style, width: output.width })) output.line(line);
      }
    });
}

/** `#17` as it is printed, too. */
export function packetId(text: string): string {
  const id = text.replace(/^#/, '');
  if (!/^\d+$/.test(id)) throw new InvalidArgumentError('A packet has a number.');
  return id;
}

export function sourceOf(
  file: string | undefined,
  socket: string | undefined,
): { file?: string; socket?: string } {
  return { ...(file === undefined ? {} : { file }), ...(socket === undefined ? {} : { socket }) };
}
