/** `tracer daemon [SRC DST]`: runs until it is told to end. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { TracerError } from '../base/errors.ts';
import { ringBytes } from '../collect/collector.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { defaultPort, defaultSocket, pageFolder, socketPath, tokenPath } from '../daemon/sockets.ts';
import { isMeantLab, noLabText } from '../lab/state.ts';
import { listLabs } from '../lab/status.ts';
import type { FollowRequest } from '../model/follow.ts';
import { mebibytes, portOrAny } from './arguments.ts';
import { kubeOptions } from './kube-options.ts';
import { kubeconfigOption } from './render/options.ts';

interface Options {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly socket?: string;
  readonly listen: string;
  readonly port: number;
  readonly memory: number;
}

const MIB = 1024 * 1024;

const note = (text: string): void => void process.stderr.write(`tracer: ${text}\n`);

export function daemonCommand(): Command {
  return new Command('daemon')
    .summary('follow for several at once: the page, other programs, tracer follow')
    .description(
      'Keeps the taps attached and the newest journeys in memory, and tells them to whoever asks: on a unix socket and on a port of this machine alone. Follows SRC DST; without them the pods of the practice clusters that are up, else nothing until somebody asks. Ends by Ctrl-C or SIGTERM. Needs root.',
    )
    .argument('[SRC]', 'as tracer follow takes it')
    .argument('[DST]', 'likewise')
    .option('-n, --namespace <NAME>', 'Kubernetes namespace of names that have none')
    .option('--context <CLUSTER>', 'only names of this cluster: a context of the kubeconfig, or lab:default')
    .addOption(kubeconfigOption())
    .option('--socket <PATH>', `unix socket (default: $TRACER_SOCKET, else ${defaultSocket})`)
    .option('--listen <ADDRESS>', 'address of the page and the API', '127.0.0.1')
    .option('--port <PORT>', 'its port; 0: any that is free', portOrAny, defaultPort)
    .option('--memory <MIB>', 'for journeys and flows; the oldest go first', mebibytes, 256)
    .action(async (src: string | undefined, dst: string | undefined, options: Options) => {
      if (src !== undefined && dst === undefined)
        throw new TracerError('USAGE', 'SRC is given, DST is not', { hint: 'any is everything' });
      await run(src === undefined || dst === undefined ? undefined : { src, dst }, options);
    });
}

async function run(ends: Pick<FollowRequest, 'src' | 'dst'> | undefined, options: Options): Promise<void> {
  const stop = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => {
    if (++signals > 1) process.exit(1); // the collector ends with us, and takes the taps off
    stop.resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const socket = socketPath(options.socket);
  const { listen, port: wanted, memory } = options;
  const { Daemon } = await import('../daemon/daemon.ts'); // loads a server, which no other command needs
  const daemon = await Daemon.start({
    note,
    socket,
    listen,
    port: wanted,
    memoryBytes: memory * MIB,
    kube: kubeOptions({ cluster: options.context, kubeconfig: options.kubeconfig }),
    collector: { ringBytes },
  });
  try {
    await followFirst(daemon, ends, options);
    sayWhere(daemon, socket);
    await stop.promise;
  } finally {
    await daemon.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function followFirst(
  daemon: Daemon,
  ends: Pick<FollowRequest, 'src' | 'dst'> | undefined,
  { namespace, context }: Options,
): Promise<void> {
  const scope = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(context === undefined ? {} : { cluster: context }),
  };
  const requests = ends === undefined ? ofLabs(context) : [{ ...ends, ...scope }];
  for (const request of requests) {
    const { target } = await daemon.follow(request);
    note(`following ${target.src.label} → ${target.dst.label}`);
  }
  if (requests.length === 0)
    note(`following nothing until somebody asks: ${noLabText(context)} (tracer lab up starts one)`);
}

/** What pods of the labs that are up open, and what is opened to them. */
function ofLabs(context: string | undefined): FollowRequest[] {
  return listLabs()
    .filter(({ kind, name }) => kind === 'up' && isMeantLab(name, context))
    .flatMap(({ name }) => [
      { src: 'pods', dst: 'any', cluster: `lab:${name}` },
      { src: 'any', dst: 'pods', cluster: `lab:${name}` },
    ]);
}

/** The token is not for a journal, which others than root may read: a terminal has it. */
function sayWhere({ url }: Daemon, socket: string): void {
  const bare = url.replace(/#.*/, '');
  note(`listening on ${socket}`);
  if (!existsSync(`${pageFolder}/index.html`)) note('the page was not built: npm run setup builds it');
  else if (process.stderr.isTTY) note(`the page: ${url}`);
  else note(`the page: ${bare}#t=TOKEN, token in ${tokenPath(socket)}`);
  note(`the API: ${bare}api, token in ${tokenPath(socket)}`);
}
