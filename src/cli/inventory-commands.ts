/** `tracer ls` and `tracer topology`: one look at the host, without taps in the way of packets. */
import { Argument, Command, Option } from 'commander';
import { Clusters } from '../cluster/clusters.ts';
import { Collector } from '../collect/collector.ts';
import { Pipeline } from '../engine/pipeline.ts';
import { type Listing, type ListingKind, list, listingKinds } from '../inventory/listing.ts';
import type { Names } from '../inventory/names.ts';
import { topologyOf } from '../inventory/topology.ts';
import { topologyDot, topologyText } from '../inventory/topology-text.ts';
import { readLabSnapshots } from '../lab/state.ts';
import { kubeOptions } from './kube-options.ts';
import { allNamespaces, kubeconfigOption } from './render/options.ts';
import { column } from './render/style.ts';

interface Options {
  readonly output: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

const contextOption = (): Option =>
  new Option('--context <CLUSTER>', 'only this cluster: a context of the kubeconfig, or lab:default');
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
    .addOption(kubeconfigOption())
    .option('-n, --namespace <NAME>', 'only pods and services of this Kubernetes namespace')
    .addOption(allNamespaces())
    .action(async (what: ListingKind, { output, context, kubeconfig, namespace }: Options) => {
      const scope = { ...ofCluster(context), ...(namespace === undefined ? {} : { namespace }) };
      const listing = await withNames({ ...ofCluster(context), kubeconfig }, names =>
        list(what, names, scope),
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
    .addOption(kubeconfigOption())
    .action(async ({ output, context, kubeconfig }: Options) => {
      const topology = await withNames({ ...ofCluster(context), kubeconfig }, names =>
        topologyOf(names, ofCluster(context)),
      );
      if (output === 'json') print(JSON.stringify(topology));
      else print((output === 'dot' ? topologyDot(topology) : topologyText(topology)).trimEnd());
    });
}

async function withNames<T>(asked: Parameters<typeof kubeOptions>[0], use: (names: Names) => T): Promise<T> {
  const labs = readLabSnapshots();
  const pipeline = new Pipeline({ clusters: labs, onJourney: () => {} });
  const clusters = await Clusters.start({
    ...kubeOptions(asked),
    hasOthers: labs.length > 0,
    onFrame: frame => pipeline.frame({ kind: 'cluster', cluster: frame }),
    note: text => process.stderr.write(`tracer: ${text}\n`),
  });
  await clusters.stop();
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
