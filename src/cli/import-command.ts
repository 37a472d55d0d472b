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
      'Reads classic pcap files (tcpdump -w), one of each device or one of each network namespace (-i any), and joins\nthe packets that look alike. A file is named PLACE_DEV.pcap or PLACE:DEV.pcap; DEV is `any` for all devices.',
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
    onEnough: () => {
      isEnough = true;
    },
  });
  let isBegun = false;
  for await (const frames of captures.frames()) {
    for (const frame of frames) viewer.frame(frame);
    if (!isBegun) {
      checkFiles(files, captures.stats);
      viewer.showing.witness(captures.coverage!);
      viewer.follow({ ...options }, options);
      isBegun = true;
    }
    if (isEnough || viewer.showing.output.isClosed) break;
  }
  const exitCode = viewer.finish({});
  for (const line of notes(files, captures.stats)) viewer.showing.note(line);
  return exitCode;
}

function showOptions({ output, color }: Options): ShowOptions {
  return { output, color };
}

/** What cannot be read at all is an error; what is damaged further on is read up to there, and said. */
function checkFiles(files: readonly string[], { problems }: ReadStats): void {
  for (const [capture, { kind, text }] of problems)
    if (kind !== 'damaged' && kind !== 'cut')
      throw new TracerError('CAPTURE_FORMAT', `${files[capture]}: ${text}`);
}

function notes(files: readonly string[], stats: ReadStats): string[] {
  const lines = [...stats.problems].map(
    ([capture, { text }]) => `${files[capture]}: ${text}; what comes before is used`,
  );
  for (const [capture, count] of stats.undirected)
    lines.push(
      `${files[capture]}: ${counted(count, 'packet')} left out: in or out is not known (capture with -i any, or give --host)`,
    );
  const { ambiguous = 0, evicted = 0, packets = 0 } = stats.matcher ?? {};
  const parts = [
    `${counted(packets, 'packet')} in ${counted(stats.packets, 'record')} of ${counted(files.length, 'file')}`,
  ];
  if (ambiguous > 0) parts.push(`${ambiguous} could be of several packets and begin journeys of their own`);
  if (stats.passing > 0) parts.push(`${stats.passing} shown by a bridge only because it was captured`);
  if (evicted > 0) parts.push(`${evicted} given up for lack of room`);
  return [...lines, parts.join(', ')];
}
