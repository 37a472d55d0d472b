/** pcap-filter(7) expressions: tcpdump compiles them, for Ethernet, whatever the device. */
import { TracerError } from '../base/errors.ts';
import type { CompiledFilter } from '../model/follow.ts';
import { parseProgram } from '../pcap/packet-filter.ts';

const TIMEOUT_MS = 10_000; // it may look a host's name up

/** @throws USAGE where it is no expression, LAB_TOOL without tcpdump. */
export async function compileFilter(expression: string): Promise<CompiledFilter> {
  const { execa } = await import('execa'); // loads for longer than most recordings are read
  const { failed, code, stdout, stderr } = await execa('tcpdump', ['-ddd', '-y', 'EN10MB', expression], {
    reject: false,
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
  });
  if (code === 'ENOENT')
    throw new TracerError('LAB_TOOL', 'a filter expression is compiled by tcpdump, which is not installed', {
      hint: 'install tcpdump (Debian: apt-get install tcpdump), or use -p and --proto',
    });
  const program = failed ? undefined : parseProgram(stdout);
  if (program !== undefined) return { expression, program };
  const why =
    stderr
      .replace(/^tcpdump: /gm, '')
      .trim()
      .split('\n')
      .at(-1) || 'tcpdump does not compile it';
  throw new TracerError('USAGE', `--filter '${expression}': ${why}`, {
    hint: "man pcap-filter has the language, e.g. 'tcp[tcpflags] & tcp-rst != 0'",
  });
}
