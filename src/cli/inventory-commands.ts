/** `tracer ls` and `tracer topology`: one look at the host, without taps in the way of packets. */
import { Argument, Command, Option } from 'commander';
import { Collector } from '../collect/collector.ts';
import { Pipeline } from '../engine/pipeline.ts';
import { type Listing, type ListingKind, list, listingKinds } from '../inventory/listing.ts';
import type { Names } from '../inventory/names.ts';
import { topologyOf } from '../inventory/topology.ts';
import { topologyDot, topologyText } from '../inventory/topology-text.ts';
import { readLabSnapshots } from '../lab/state.ts';
import { column } from './render/style.ts';

interface Options {
  readonly output: string;
  readonly context?: string;
  readonly namespace?: string;
}

const contextOption = (): Option =>
  new Option('--context <CLUSTER>', 'only this cluster, such as lab:default');
const ofCluster = (context: string | undefined): { cluster?: string } =>
  context === undefined ? {} : { cluster: context };

export function lsCommand(): Command {
  return new Command('ls')
    .summary('what can be followed: pods, services, nodes, namespaces, links')
    .addArgument(new Argument('[WHAT]', 'what to list').choices(listingKinds).default('pods'))
    .addOption(
      new Option('-o, --output <FORMAT>', 'format').choices(['compact', 'wide', 'json']).default('compact'),
    )
    .addOption(contextOption())
    .option('-n, --namespace <NAME>', 'only pods and services of this Kubernetes namespace')
    .action(async (what: ListingKind, { output, context, namespace }: Options) => {
      const listing = await withNames(names =>
        list(what, names, { ...ofCluster(context), ...(namespace === undefined ? {} : { namespace }) }),
      );
      if (output === 'json') for (const row of listing.rows) print(JSON.stringify(row));
      else table(listing, output === 'wide');
    });
}

export function topologyCommand(): Command {
  return new Command('topology')
    .summary('how namespaces and devices hang together')
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['text', 'json', 'dot']).default('text'))
    .addOption(contextOption())
    .action(async ({ output, context }: Options) => {
      const topology = await withNames(names => topologyOf(names, ofCluster(context)));
      if (output === 'json') print(JSON.stringify(topology));
      else print((output === 'dot' ? topologyDot(topology) : topologyText(topology)).trimEnd());
    });
}

async function withNames<T>(use: (names: Names) => T): Promise<T> {
  const pipeline = new Pipeline({ clusters: readLabSnapshots(), onJourney: () => {} });
  const { collector } = await Collector.start({ onFrame: frame => pipeline.frame(frame), onDied: () => {} });
  try {
    return use(pipeline.names);
  } finally {
    await collector.stop();
  }
}

function table(listing: Listing, wide: boolean): void {
  const columns = listing.columns.filter(each => wide || each.wide !== true);
  const cells = listing.rows.map(row => columns.map(({ key }) => cellText(row[key])));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map(row => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => column(cell, widths[i]!))
      .join('  ')
      .trimEnd();
  print(line(columns.map(({ title }) => title)));
  for (const row of cells) print(line(row));
}

function cellText(value: unknown): string {
  if (value === undefined) return '-';
  return Array.isArray(value) ? value.join(',') : String(value);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
