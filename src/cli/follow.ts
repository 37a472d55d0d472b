/** `tracer follow SRC DST`: prints journeys as they close, then one sentence a flow. */
import { TracerError } from '../base/errors.ts';
import { Clusters } from '../cluster/clusters.ts';
import { Collector, ringBytes } from '../collect/collector.ts';
import { ownSession } from '../collect/own.ts';
import { RulesetReader } from '../collect/rulesets.ts';
import type { HookPlace, WatchRule } from '../collect/watch.ts';
import { hookPlaces } from '../engine/hook-places.ts';
import { type FollowTarget, watchRules } from '../engine/target.ts';
import type { Names } from '../inventory/names.ts';
import { readLabSnapshots } from '../lab/state.ts';
import type { FollowLimits, FollowRequest } from '../model/follow.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import { vxlanPorts } from '../model/tunnels.ts';
import type { Frame } from '../wire/decode.ts';
import { type ChildResult, requireCommand } from './child.ts';
import { diagnose } from './diagnose.ts';
import { CapturedRun } from './follow-captured.ts';
import { KernelRules } from './following/kernel-rules.ts';
import { Lifetime } from './following/lifetime.ts';
import { PcapngFile } from './following/pcapng-file.ts';
import { Recordings } from './following/recordings.ts';
import type { ShowOptions } from './following/showing.ts';
import { Viewer } from './following/viewer.ts';
import { type Door, doorOf, insideOf } from './inside.ts';
import { kubeOptions } from './kube-options.ts';
import type { DaemonClient } from './remote/daemon-client.ts';
import { findDaemon } from './remote/find-daemon.ts';
import type { RemoteRun } from './remote/remote-run.ts';

const NO_MATCH_MS = 3000;
/** Packets are written so much later: journeys close after 150 ms at the most, unless they wait. */
const PCAPNG_HOLD_NS = 300_000_000;

export interface FollowOptions extends Omit<FollowRequest, 'src' | 'dst'>, FollowLimits, ShowOptions {
  readonly kubeconfig?: string;
  readonly timeoutMs?: number;
  readonly inside: boolean;
  /** What sees the packets: eBPF in the kernel, or tcpdump in the namespaces on the way. */
  readonly edition?: 'libbpf' | 'capture';
  /** Netfilter links on the way, where the kernel has them. */
  readonly hooks: boolean;
  /** The kernel's own word on rules, by `nft monitor trace`. */
  readonly rules?: boolean;
  /** The ssh session that it is typed into too. */
  readonly self?: boolean;
  readonly command: readonly string[];
  readonly ringBytes?: number;
  /** A session file, `-` is stdout. */
  readonly record?: string;
  /** What is written is a capture for Wireshark instead. */
  readonly pcapng?: boolean;
  /** With a collector of its own, also where a daemon answers. */
  readonly standalone?: boolean;
  /** The daemon's; must answer. */
  readonly socket?: string;
}

export interface FollowResult {
  readonly exitCode: number;
  readonly child?: ChildResult;
}

export async function follow(
  srcText: string,
  dstText: string,
  options: FollowOptions,
): Promise<FollowResult> {
  const [command] = options.command;
  if (command !== undefined) requireCommand(command);
  const run = await runFor(options);
  try {
    await run.start(requestOf(srcText, dstText, options));
    await run.untilOver();
  } finally {
    await run.stop();
  }
  return run.conclude();
}

async function runFor(options: FollowOptions): Promise<CapturedRun | LiveRun | RemoteRun> {
  if (options.edition === 'capture') return new CapturedRun(options);
  const daemon = await daemonFor(options);
  const { record, pcapng } = options;
  if (pcapng === true && record !== undefined)
    return new LiveRun(options, await PcapngFile.open(record, PCAPNG_HOLD_NS));
  if (daemon === undefined) return new LiveRun(options);
  const { RemoteRun } = await import('./remote/remote-run.ts');
  return new RemoteRun(daemon, options);
}

/**
 * The daemon, if one answers and can do what is asked: it always has netfilter links, a recording and clusters of its own. @throws DAEMON_GONE
 * where nobody answers on a socket that was named.
 */
async function daemonFor({
  standalone,
  hooks,
  socket,
  record,
  kubeconfig,
  filter,
  rules,
}: FollowOptions): Promise<DaemonClient | undefined> {
  const isOwn = standalone === true || !hooks || rules === true;
  if (isOwn || record !== undefined || filter !== undefined || kubeconfig !== undefined) return undefined;
  return findDaemon(socket);
}

/** The request alone: options hold much more. */
function requestOf(src: string, dst: string, options: FollowOptions): FollowRequest {
  const { namespace, selector, cluster, port, proto, filter } = options;
  return {
    src,
    dst,
    ...(namespace === undefined ? {} : { namespace }),
    ...(selector === undefined ? {} : { selector }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(port === undefined ? {} : { port }),
    ...(proto === undefined ? {} : { proto }),
    ...(filter === undefined ? {} : { filter }),
  };
}

function limitsOf({ count, flows }: FollowLimits): FollowLimits {
  return { ...(count === undefined ? {} : { count }), ...(flows === undefined ? {} : { flows }) };
}

/** A following with a collector of its own. */
class LiveRun {
  readonly #options: FollowOptions;
  readonly #life = new Lifetime();
  readonly #viewer: Viewer;
  readonly #pcapng: PcapngFile | undefined;
  #recordings: Recordings | undefined;
  #collector: Collector | undefined;
  #clusters: Clusters | undefined;
  #hooks: readonly HookPlace[] = [];
  #kernelRules: KernelRules | undefined;
  readonly #rules = new RulesetReader({
    netns: cookie => {
      const { inventory } = this.#viewer.pipeline;
      return inventory.netnsAt(cookie, inventory.latestNs);
    },
    onRead: rules => this.#say({ kind: 'note', note: { kind: 'rules', rules } }),
  });

  constructor(options: FollowOptions, pcapng?: PcapngFile) {
    this.#options = options;
    this.#pcapng = pcapng;
    this.#viewer = new Viewer({
      ...options,
      ...(pcapng === undefined ? {} : { sink: pcapng }),
      mute: options.record === '-',
      onEnough: () => this.#life.end(),
      onMiss: () => this.#collector?.look(),
      onRules: cookie => this.#rules.want(cookie),
      onRecord: record => this.#recordings?.told(record),
    });
  }

  async start(request: FollowRequest): Promise<void> {
    const { pipeline, showing } = this.#viewer;
    const { inside, hooks, self, command, timeoutMs } = this.#options;
    const record = this.#pcapng === undefined ? this.#options.record : undefined;
    const recordings = await Recordings.open(pipeline.session, record, text => showing.note(text));
    this.#recordings = recordings;
    const labs = readLabSnapshots();
    for (const cluster of labs) this.#say({ kind: 'cluster', cluster });
    this.#clusters = await Clusters.start({
      ...kubeOptions(this.#options),
      hasOthers: labs.length > 0,
      onFrame: cluster => this.#onCluster(cluster),
      note: text => showing.note(text),
      signal: this.#life.signal,
    });
    if (this.#life.isOver) return;
    const { collector } = await Collector.start({
      onBytes: (chunk, heldBytes) => recordings.bytes(chunk, heldBytes),
      onFrame: frame => {
        recordings.frame(frame);
        this.#viewer.frame(frame);
      },
      onDied: error => this.#life.end(error),
      ringBytes: this.#options.ringBytes ?? ringBytes,
      ...(self === true ? {} : { own: ownSession }),
    });
    this.#collector = collector;
    if (this.#life.isOver) return;
    this.#say({ kind: 'note', note: { kind: 'reads-rules' } });
    this.#say({ kind: 'note', note: { kind: 'follow', request, ...limitsOf(this.#options) } });
    const target = this.#viewer.target!;
    const place = inside ? insideOf(target.src, cookie => doorTo(cookie, pipeline.names)) : undefined;
    this.#hooks = hooks ? hookPlaces(target, pipeline.names) : [];
    await this.#watch(watchRules(target));
    if (this.#options.rules === true)
      this.#kernelRules = new KernelRules(
        note => this.#say({ kind: 'note', note }),
        text => showing.note(text),
      );
    await this.#kernelRules?.watch(target, pipeline.names);
    showing.note(`following ${target.src.label} → ${target.dst.label}; Ctrl-C ends it`);
    if (timeoutMs !== undefined) this.#life.after(timeoutMs, () => this.#life.end());
    this.#life.after(NO_MATCH_MS, () => void this.#diagnose(target));
    if (command.length > 0) this.#life.run(command, place);
  }

  /** Names may mean other addresses now. */
  #onCluster(cluster: ClusterFrame): void {
    const before = this.#viewer.target;
    this.#say({ kind: 'cluster', cluster });
    const { target, pipeline } = this.#viewer;
    if (target === undefined || target === before || this.#life.isOver) return;
    if (this.#options.hooks) this.#hooks = hookPlaces(target, pipeline.names);
    const all = [this.#watch(watchRules(target)), this.#kernelRules?.watch(target, pipeline.names)];
    Promise.all(all).catch((error: unknown) => {
      if (!this.#life.isOver) this.#viewer.showing.note(String((error as Error).message));
    });
  }

  /** What decides what is printed, and does not come from the collector. */
  #say(frame: Extract<Frame, { kind: 'note' | 'cluster' }>): void {
    this.#viewer.frame(frame);
    this.#recordings?.add(frame);
  }

  async untilOver(): Promise<void> {
    void this.#viewer.showing.output.closed.then(() => this.#life.end());
    await this.#life.untilOver();
  }

  async stop(): Promise<void> {
    this.#life.close();
    await this.#clusters?.stop();
    await this.#collector?.stop();
    await this.#kernelRules?.stop();
    await this.#rules.stop();
    this.#viewer.pipeline.finish(); // what closes only now is told to the recordings, too
    const { child, error } = this.#life;
    await this.#recordings?.close({
      kind: 'end',
      ...(child === undefined ? {} : { child: { code: child.code } }),
      ...(error === undefined
        ? {}
        : { error: { code: error.code, message: error.message, hint: error.hint } }),
    });
    await this.#pcapng?.close();
  }

  conclude(): FollowResult {
    const { child, error } = this.#life;
    const ending = child === undefined ? {} : { child };
    const exitCode = this.#viewer.finish(ending);
    const written = this.#pcapng ?? this.#recordings;
    const summary = written?.summary();
    if (summary !== undefined) this.#viewer.showing.note(summary);
    const failure = error ?? written?.failure;
    if (failure !== undefined) throw failure;
    return { exitCode, ...ending };
  }

  async #watch(rules: readonly WatchRule[]): Promise<void> {
    await this.#collector?.watch(rules, vxlanPorts, this.#hooks);
  }

  /** Nothing matched so far: what is to be seen instead? Looks a second at everything from SRC, then back. */
  async #diagnose(target: FollowTarget): Promise<void> {
    const { showing, pipeline } = this.#viewer;
    if (showing.hasMet || showing.isOver || this.#options.quiet === true) return;
    try {
      const lines = await diagnose(target, () => showing.takeFacts(), {
        observe: observer => pipeline.observe(observer),
        widen: () => this.#widen(target),
        clusterOf: netns => pipeline.names.placeOf(netns)?.cluster,
        owns: ip => pipeline.inventory.ownersOf(ip).length > 0,
        taps: () => pipeline.hello?.taps ?? [],
      });
      if (!this.#life.isOver) for (const line of lines) showing.note(line);
    } catch (error) {
      if (!this.#life.isOver) this.#life.end(error instanceof TracerError ? error : undefined);
    }
  }

  async #widen(target: FollowTarget): Promise<() => Promise<void>> {
    const rules = watchRules(target);
    await this.#watch([...rules, { proto: 'any', a: rules[0]!.a, b: { any: true } }]);
    return () => this.#watch(rules);
  }
}

function doorTo(cookie: string, { inventory }: Names): Door | undefined {
  const netns = inventory.netnsAt(cookie, inventory.latestNs);
  return netns && doorOf(netns);
}
