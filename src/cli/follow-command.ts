import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { defaultSocket } from '../daemon/sockets.ts';
import { durationMs, port, positive, protocol } from './arguments.ts';
import { type FollowOptions, follow } from './follow.ts';
import { compileFilter } from './pcap-expression.ts';
import { allNamespaces, colorOption, kubeconfigOption, outputOption } from './render/options.ts';
import type { OutputFormat } from './render/renderer.ts';
import type { ColorMode } from './render/style.ts';

export interface FollowArguments {
  readonly namespace?: string;
  readonly selector?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly filter?: string;
  readonly rules?: true;
  readonly count?: number;
  readonly flows?: number;
  readonly timeout?: number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
  readonly in?: true;
  readonly edition?: 'libbpf' | 'capture';
  readonly standalone?: true;
  readonly socket?: string;
  readonly hooks: boolean;
  readonly self?: true;
  readonly write?: string;
  readonly pcapng?: true;
}

export function followCommand(): Command {
  return withFollowOptions(new Command('follow'))
    .addOption(
      new Option('--edition <NAME>', 'what sees the packets: eBPF, or tcpdump where that is not allowed')
        .choices(['libbpf', 'capture'])
        .default('libbpf'),
    )
    .summary('print the journeys of packets between two endpoints as they happen')
    .description(
      'Follows the conversations that SRC opens to DST: both directions, their ICMP errors and, for a service, its DNS.\nPrints each packet hop by hop, then one sentence a conversation. Needs root.',
    )
    .argument('<SRC>', 'pod, ns/pod, svc/x, deploy/x, node/x, netns:NAME, an address, a CIDR, any')
    .argument('<DST>', 'likewise')
    .argument('[CMD...]', 'after --: started when the taps are attached; its end ends the following')
    .option('--standalone', 'with a collector of its own, also where a daemon answers')
    .option('--socket <PATH>', `of the daemon (default: $TRACER_SOCKET, else ${defaultSocket})`)
    .addHelpText(
      'after',
      `
Examples:
  tracer follow pod-a nginx-service --in -- curl -sm3 nginx-service
  tracer follow any 10.96.0.10 -p 53 -c 20 -o json | jq .summary
  tracer follow 10.244.1.0/24 any --proto icmp --timeout 30s`,
    )
    .action(async (src: string, dst: string, command: string[], options: FollowArguments) => {
      const result = await follow(src, dst, await followOptions(command, options));
      process.exitCode = result.exitCode;
    });
}

/** What `follow` and `record` have in common. */
export function withFollowOptions(command: Command): Command {
  return command
    .option(
      '-n, --namespace <NAME>',
      'Kubernetes namespace of names that have none (else any, default first)',
    )
    .addOption(allNamespaces())
    .option('--context <CLUSTER>', 'only names of this cluster: a context of the kubeconfig, or lab:default')
    .addOption(kubeconfigOption())
    .option('-l, --selector <LABELS>', 'SRC is all pods with these labels (SRC is then only a word)')
    .option('-p, --port <PORT>', 'only what uses this port on either side, before or after NAT', port)
    .option('--proto <PROTO>', 'only tcp, udp, icmp, icmpv6, arp, sctp or a number', protocol)
    .option('--filter <EXPR>', 'only packets that match this pcap-filter(7) expression at any place')
    .option('-c, --count <N>', 'end after N packets', positive)
    .option('--flows <N>', 'end after N conversations', positive)
    .option('--timeout <TIME>', 'end after 500ms, 10s, 2m', durationMs)
    .addOption(outputOption())
    .addOption(colorOption())
    .option('--no-hooks', 'no netfilter links on the way: rewrites are then inferred between devices')
    .option('--rules', "the kernel's own word on the rules that decided, with one nft table meanwhile")
    .option('--self', 'also the ssh session that this is typed into')
    .option(
      '-w, --write <FILE>',
      'record it into a session file for `tracer replay`; - is stdout, instead of text',
    )
    .option('--pcapng', 'what -w writes is a capture for Wireshark: `-w - --pcapng | wireshark -k -i -`')
    .option('--in', 'run CMD inside SRC: its network and its resolv.conf');
}

/** The option that wants a collector, or tcpdump, of our own. */
function ownCollector({
  standalone,
  hooks,
  write,
  filter,
  rules,
  edition,
}: FollowArguments): string | undefined {
  if (standalone === true) return '--standalone';
  if (!hooks) return '--no-hooks';
  if (write !== undefined) return '--write';
  if (filter !== undefined) return '--filter';
  if (rules === true) return '--rules';
  return edition === 'capture' ? '--edition capture' : undefined;
}

export async function followOptions(
  command: readonly string[],
  options: FollowArguments,
): Promise<FollowOptions> {
  if (options.in === true && command.length === 0)
    throw new TracerError('USAGE', '--in is about a command, and there is none', {
      hint: 'put the command last, after --',
    });
  const alone = ownCollector(options);
  if (alone !== undefined && options.socket !== undefined)
    throw new TracerError('USAGE', `--socket is about a daemon, and ${alone} is done without one`);
  checkPcapng(options);
  checkFilter(options);
  const filter = options.filter === undefined ? undefined : await compileFilter(options.filter);
  return {
    ...(filter === undefined ? {} : { filter }),
    output: options.output,
    color: options.color,
    inside: options.in === true,
    ...(options.edition === undefined ? {} : { edition: options.edition }),
    hooks: options.hooks,
    self: options.self === true,
    command,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.context === undefined ? {} : { cluster: options.context }),
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    ...(options.selector === undefined ? {} : { selector: options.selector }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.proto === undefined ? {} : { proto: options.proto }),
    ...(options.count === undefined ? {} : { count: options.count }),
    ...(options.flows === undefined ? {} : { flows: options.flows }),
    ...(options.write === undefined ? {} : { record: options.write }),
    ...(options.pcapng === undefined ? {} : { pcapng: true }),
    ...(options.standalone === undefined ? {} : { standalone: true }),
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(options.rules === undefined ? {} : { rules: true }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  };
}

function checkPcapng({ pcapng, write, edition }: FollowArguments): void {
  if (pcapng !== true) return;
  if (write === undefined)
    throw new TracerError('USAGE', '--pcapng is about what -w writes, and there is none', {
      hint: '-w FILE --pcapng, or -w - --pcapng to pipe it into tshark -r -',
    });
  if (edition === 'capture')
    throw new TracerError('USAGE', 'the capture edition has no packets of its own to write', {
      hint: 'tcpdump -w writes them; mergecap joins the files of several devices',
    });
}

function checkFilter({ filter, edition }: FollowArguments): void {
  if (filter === undefined || edition !== 'capture') return;
  throw new TracerError('USAGE', 'the capture edition does not keep the bytes that --filter asks for', {
    hint: 'use -p and --proto',
  });
}
