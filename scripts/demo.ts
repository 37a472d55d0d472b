/**
 * npm run demo: starts the practice cluster, follows one real request through it and prints what happened.
 * On a terminal (or with --stay) a daemon serves the page, with that request on it, and both stay up until Ctrl-C; with --once, or
 * without a terminal, the demo ends by itself.
 * A cluster that was up before is used and left alone; one that the demo started is removed however the demo ends. A
 * broken one may be somebody's at work: it is left to them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const { values: options } = parseArgs({
  options: { once: { type: 'boolean' }, stay: { type: 'boolean' }, 'until-exit-of': { type: 'string' } },
});
const tracerPath = fileURLToPath(new URL('../bin/tracer', import.meta.url));
/** Aborted with the signal that ends the demo. */
const stop = new AbortController();

/** What a shell makes of an end by a signal. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function listenForStop(): void {
  const stopWith = (signal: StopSignal): void => stop.abort(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopWith(signal));
  process.stdout.on('error', () => stopWith('SIGTERM'));
  // A signal to an npm that runs as somebody else than us cannot be passed on; but that npm is gone is seen.
  const parent = Number(options['until-exit-of']);
  if (parent > 1) setInterval(() => isAlive(parent) || stopWith('SIGHUP'), 500).unref();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Runs a tracer command to its end and gives its exit code; an abortable one gets the signal that stops the demo. */
async function tracer(args: readonly string[], how: 'abortable' | 'to its end'): Promise<number> {
  if (how === 'abortable' && stop.signal.aborted) return exitCodeOf(stop.signal.reason);
  // In a session of its own, so that Ctrl-C reaches it once, from here, and never while it cleans up.
  const child = spawn(tracerPath, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  if (how === 'abortable') stop.signal.addEventListener('abort', () => child.kill(stop.signal.reason));
  const [code, signal] = await once(child, 'close');
  return code ?? exitCodeOf(signal);
}

type ClusterState = 'up' | 'broken' | 'down';

function clusterState(): ClusterState {
  const json = execFileSync(tracerPath, ['lab', 'status', '--name', 'default', '-o', 'json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (JSON.parse(json) as { kind: ClusterState }).kind;
}

/** flannel's bridge needs br_netfilter, which would change every bridge of the host: without it, the network without one. */
function networkKind(): 'flannel' | 'kindnet' {
  if (existsSync('/proc/sys/net/bridge')) return 'flannel';
  console.error(
    'demo: the kernel module br_netfilter is not loaded: taking the kind of network that has no bridge',
  );
  return 'kindnet';
}

/** The request that the demo is about; the exit code is that of `follow`. */
async function followOneRequest(): Promise<number> {
  const request = [
    'follow',
    'pod-a',
    'nginx-service',
    '--context',
    'lab:default',
    '--in',
    '--',
    'curl',
    '-s',
    'nginx-service',
  ];
  console.log(`\n$ tracer ${request.join(' ')}`);
  return await tracer(request, 'abortable');
}

interface Page {
  /** With the token; undefined where there is no page. */
  readonly url: string | undefined;
  readonly close: () => Promise<void>;
}

/** A daemon that watches the cluster and serves the page. It may be in the way of another one, which then does as well. */
async function startPage(): Promise<Page> {
  const child = spawn(tracerPath, ['daemon'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const closed = once(child, 'close');
  const url = Promise.withResolvers<string | undefined>();
  createInterface(child.stderr).on('line', line => {
    const [, address, token] = /the page: (\S+)#t=TOKEN, token in (.+)$/.exec(line) ?? [];
    if (address !== undefined && token !== undefined)
      url.resolve(`${address}#t=${readFileSync(token, 'utf8').trim()}`);
    else if (!/ (following|listening on|the API:) /.test(line)) console.error(line);
    if (line.includes('the API: ')) url.resolve(undefined);
  });
  void closed.then(() => url.resolve(undefined));
  // Once: a second signal would end it without cleaning up.
  const end = (): void => void (child.killed || child.kill('SIGTERM'));
  const close = async (): Promise<void> => {
    end();
    await closed;
  };
  // A signal that comes now ends the daemon too: nobody waits for one that never comes up.
  stop.signal.addEventListener('abort', end);
  return { url: await url.promise, close };
}

async function keepRunning(pageUrl: string | undefined): Promise<void> {
  const page =
    pageUrl === undefined
      ? ''
      : `
The page, with these packets on it; its Scenarios send others:
  ${pageUrl}
`;
  console.log(`${page}
The practice cluster is still running. In another terminal, with sudo:
  bin/tracer ls pods                                                who is there
  bin/tracer follow pod-a nginx-2 --in -- ping -c1 10.244.2.7       from one node to the other
  bin/tracer lab run --help                                         scenarios to watch, each with its story
Ctrl-C removes it and ends the demo.`);
  // The interval that watches the parent is no reason to stay alive: this one is.
  const alive = setInterval(() => {}, 2 ** 30);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  clearInterval(alive);
}

async function demo(staysUp: boolean): Promise<number> {
  const before = clusterState();
  let page: Page | undefined;
  try {
    if (before !== 'up') {
      const upCode = await tracer(['lab', 'up', '--cni', networkKind()], 'abortable');
      if (upCode !== 0) return upCode;
    }
    if (staysUp && !stop.signal.aborted) page = await startPage();
    const followCode = await followOneRequest();
    if (stop.signal.aborted) return exitCodeOf(stop.signal.reason);
    if (staysUp) await keepRunning(page?.url);
    return followCode;
  } finally {
    await page?.close();
    if (before === 'down') await tracer(['lab', 'down'], 'to its end');
  }
}

listenForStop();
const staysUp = !options.once && (options.stay ?? process.stdout.isTTY);
process.exitCode = await demo(staysUp);
