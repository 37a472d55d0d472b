/** `tracer import a.pcap b.pcap …`: the journeys that captures of several devices show together. */
import { Command } from 'commander';
import { TracerError } from '../base/errors.ts';
import { captureFacts } from '../capture/facts.ts';
import { CaptureFiles, fileChunks, type ReadStats } from '../capture/read-files.ts';
import { counted } from '../words/counts.ts';
import { port, positive, protocol } from './arguments.ts';
import type { ShowOptions } from './following/showing.ts';
import { Viewer } from './following/viewer.ts';
import { colorOption, outputOption } from './render/options.ts';
import type { OutputFormat } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';

interface Options {
  readonly place: readonly string[];
  readonly host?: string;
  readonly kube: readonly string[];
  readonly src: string;
  readonly dst: string;
  readonly port?: number;
  readonly proto?: string;
  readonly count?: number;
  readonly flows?: number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function importCommand(): Command {
  return new Command('import')
    .summary('print the journeys that capture files of several devices show together')
    .description(
      'Reads classic pcap files (tcpdump -w), one of each device or one of each network namespace (-i any), and joins the packets that look alike. A file is named PLACE_DEV.pcap or PLACE:DEV.pcap; DEV is `any` for all devices.',
    )
    .argument('<FILE...>', 'capture files, of one time and one host (or of hosts with one clock)')
    .option('--place <FILE=PLACE/DEV>', 'where a file was captured, if its name does not tell', collect, [])
    .option('--host <DIR>', 'what `ip -j` says: DIR/PLACE/link.json, and addr, route, fdb, nsid .json')
    .option(
      '--kube <FILE>',
      'names: what kubectl get nodes,pods,svc,endpointslices -A -o json printed',
      collect,
      [],
    )
    .option('--src <SRC>', 'only what this opens: a name, an address, a CIDR', 'any')
    .option('--dst <DST>', 'only what is opened to this', 'any')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('-c, --count <N>', 'end after N packets', positive)
    .option('--flows <N>', 'end after N conversations', positive)
    .addOption(outputOption())
    .addOption(colorOption())
    .addHelpText(
      'after',
      `
Example, for each node (and with nsenter for each pod):
  ip netns exec node-1 tcpdump -i any -w node-1_any.pcap
  tracer import node-1_any.pcap node-2_any.pcap pod-a_eth0.pcap --host dump --kube cluster.json`,
    )
    .action(async (files: string[], options: Options) => {
      process.exitCode = await importFiles(files, options);
    });
}

async function importFiles(files: readonly string[], options: Options): Promise<number> {
  const facts = captureFacts(files, options);
  const captures = new CaptureFiles(
    () => files.map((path, capture) => ({ capture, chunks: fileChunks(path) })),
    facts,
  );
  let isEnough = false;
  const viewer = new Viewer({
    ...showOptions(options),
    unused: () => unusedOf(captures.stats),
    onEnough: () => {
      isEnough = true;
    },
  });
  for (const line of facts.notes ?? []) viewer.showing.note(line);
  let isBegun = false;
  for await (const frames of captures.frames()) {
    for (const frame of frames) viewer.frame(frame);
    if (!isBegun) {
      checkFiles(files, captures.stats);
      viewer.showing.witness(captures.coverage!);
      begin(viewer, options);
      isBegun = true;
    }
    if (isEnough || viewer.showing.output.isClosed) break;
  }
  const exitCode = viewer.finish({});
  for (const line of notes(files, captures.stats)) viewer.showing.note(line);
  if (viewer.showing.printed === 0)
    viewer.showing.note('without --src, --dst, -p and --proto everything is shown');
  return exitCode;
}

function begin(viewer: Viewer, options: Options): void {
  try {
    viewer.follow({ ...options }, options);
  } catch (error) {
    if (!(error instanceof TracerError) || error.code !== 'UNKNOWN_NAME') throw error;
    throw new TracerError('UNKNOWN_NAME', error.message, {
      hint: 'an address or a CIDR needs no name; names come from --kube and from the names of the files',
      cause: error,
    });
  }
}

function showOptions({ output, color }: Options): ShowOptions {
  // What could be followed instead is of live traffic.
  return { output, color, isReplay: true };
}

/** What cannot be read at all is an error; what is damaged further on is read up to there, and said. */
function checkFiles(files: readonly string[], { problems }: ReadStats): void {
  for (const [capture, { kind, text }] of problems)
    if (kind !== 'damaged' && kind !== 'cut')
      throw new TracerError('CAPTURE_FORMAT', `${files[capture]}: ${text}`);
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);

/** Packets that may show what nothing else does. */
function unusedOf({ undirected, problems, matcher }: ReadStats): number {
  return sum(undirected) + problems.size + (matcher?.evicted ?? 0);
}

function notes(files: readonly string[], stats: ReadStats): string[] {
  const lines = [...stats.problems].map(
    ([capture, { text }]) => `${files[capture]}: ${text}; what comes before is used`,
  );
  const { undirected, doubled } = stats;
  const of = (counts: ReadonlyMap<number, number>): string =>
    `${counted(sum(counts), 'packet')} of ${counts.size === 1 ? files[counts.keys().next().value!] : `${counts.size} files`} left out`;
  if (undirected.size > 0)
    lines.push(`${of(undirected)}: in or out is not known; --host DIR or -i any tells it`);
  if (doubled.size > 0)
    lines.push(`${of(doubled)}: other files of the same place may show them; --host DIR tells`);
  const { ambiguous = 0, evicted = 0, copies = 0 } = stats.matcher ?? {};
  const parts = [`${counted(stats.packets, 'record')} of ${counted(files.length, 'file')} read`];
  if (stats.unread > 0) parts.push(`${stats.unread} of other protocols`);
  if (stats.passing > 0) parts.push(`${stats.passing} shown by a bridge only because it was captured`);
  if (copies > 0)
    parts.push(`${counted(copies, 'sight')} of a flood's copies left out: who got them was not captured`);
  if (ambiguous > 0) parts.push(`${ambiguous} could be of several packets and begin journeys of their own`);
  if (evicted > 0) parts.push(`${evicted} given up for lack of room`);
  return [...lines, parts.join(', ')];
}
