import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { durationMs, port, positive, protocol } from './arguments.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { OutputFormat } from './render/renderer.ts';
import { outputFormats } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';

interface Options {
  readonly namespace?: string;
  readonly selector?: string;
  readonly context?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly count?: number;
  readonly flows?: number;
  readonly timeout?: number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
  readonly in?: true;
  readonly hooks: boolean;
}

export function followCommand(): Command {
  return new Command('follow')
    .summary('print the journeys of packets between two endpoints as they happen')
    .description(
      'Follows the conversations that SRC opens to DST: both directions, their ICMP errors and, for a service, its DNS.\nPrints each packet hop by hop, then one sentence a conversation. Needs root.',
    )
    .argument('<SRC>', 'pod, ns/pod, svc/x, node/x, netns:NAME, an address, a CIDR, any')
    .argument('<DST>', 'likewise')
    .argument('[CMD...]', 'after --: started when the taps are attached; its end ends the following')
    .option(
      '-n, --namespace <NAME>',
      'Kubernetes namespace of names that have none (else any, default first)',
    )
    .addOption(allNamespaces())
    .option('--context <CLUSTER>', 'only names of this cluster, such as lab:default')
    .option('-l, --selector <LABELS>', 'SRC is all pods with these labels (SRC is then only a word)')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('-c, --count <N>', 'end after N packets', positive)
    .option('--flows <N>', 'end after N conversations', positive)
    .option('--timeout <TIME>', 'end after 500ms, 10s, 2m', durationMs)
    .addOption(
      new Option('-o, --output <FORMAT>', 'how journeys are printed')
        .choices(outputFormats)
        .default('compact'),
    )
    .addOption(new Option('--color <WHEN>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .option('--no-hooks', 'no netfilter links on the way: rewrites are then inferred between devices')
    .option('--in', 'run CMD inside SRC: its network and its resolv.conf')
    .addHelpText(
      'after',
      `
Examples:
  tracer follow pod-a nginx-service --in -- curl -sm3 nginx-service
  tracer follow any 10.96.0.10 -p 53 -c 20 -o json | jq .summary
  tracer follow 10.244.1.0/24 any --proto icmp --timeout 30s`,
    )
    .action(async (src: string, dst: string, command: string[], options: Options) => {
      const result = await follow(src, dst, followOptions(command, options));
      process.exitCode = result.exitCode;
    });
}

/** What is done anyway; taken because hands write it. */
function allNamespaces(): Option {
  return new Option('-A, --all-namespaces').hideHelp().conflicts('namespace');
}

function followOptions(command: readonly string[], options: Options): FollowOptions {
  if (options.in === true && command.length === 0)
    throw new TracerError('USAGE', '--in is about a command, and there is none', {
      hint: 'put the command last, after --',
    });
  return {
    output: options.output,
    color: options.color,
    inside: options.in === true,
    hooks: options.hooks,
    command,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.context === undefined ? {} : { cluster: options.context }),
    ...(options.selector === undefined ? {} : { selector: options.selector }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.proto === undefined ? {} : { proto: options.proto }),
    ...(options.count === undefined ? {} : { count: options.count }),
    ...(options.flows === undefined ? {} : { flows: options.flows }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  };
}
