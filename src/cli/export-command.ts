/** `tracer export -r FILE --pcapng OUT`: a session for Wireshark. */
import { Command } from 'commander';
import type { FollowRequest } from '../model/follow.ts';
import { PcapngFile } from './following/pcapng-file.ts';
import { replay } from './replay.ts';
import { type PartOptions, partOf, partOptions, readOption } from './session-part.ts';

/** What waits longer stands out of order. */
const HOLD_NS = 5_000_000_000;

interface Options extends PartOptions {
  readonly pcapng: string;
}

export function exportCommand(): Command {
  const command = new Command('export')
    .summary('a recorded session as a capture file for Wireshark')
    .description(
      'Writes the packets of a session file as pcapng: an interface for each place, a record for each device that a packet passed, what happened there as its comments, names in name resolution blocks. Headers only, as they were recorded.',
    );
  readOption(command).requiredOption('--pcapng <OUT>', 'the file to write; - is stdout');
  return partOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  tracer export -r curl.tracer --pcapng curl.pcapng
  tracer export -r night.tracer --pcapng - pod-a any -p 53 | tshark -N n -r -`,
    )
    .action(async (src: string | undefined, dst: string | undefined, options: Options) => {
      process.exitCode = await exportSession(await partOf(src, dst, options), options);
    });
}

/** @returns 0, or 3 if nothing matched. @throws SESSION_FILE, SESSION_FORMAT. */
async function exportSession(part: Partial<FollowRequest>, { read, pcapng }: Options): Promise<number> {
  const file = await PcapngFile.open(pcapng, HOLD_NS);
  try {
    await replay(read, {
      output: 'json',
      color: 'never',
      mute: true,
      sink: file,
      ...part,
    });
  } finally {
    await file.close();
  }
  process.stderr.write(`tracer: ${file.summary()}\n`);
  if (file.failure !== undefined) throw file.failure;
  return file.isEmpty ? 3 : 0;
}
