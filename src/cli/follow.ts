/** `tracer follow SRC DST`: prints journeys as they close, then one sentence a flow. */
import { TracerError } from '../base/errors.ts';
import { Collector } from '../collect/collector.ts';
import type { HookPlace, WatchRule } from '../collect/watch.ts';
import type { Names } from '../inventory/names.ts';
import type { Selection } from '../inventory/selection.ts';
import { select, selectByLabels } from '../inventory/selectors.ts';
import { readLabSnapshots } from '../lab/state.ts';
import type { Flow } from '../model/flow.ts';
import type { Hop, Journey } from '../model/journey.ts';
import { FlowBook } from '../store/flow-book.ts';
import type { Frame } from '../wire/decode.ts';
import { type Child, type ChildResult, insideOf, requireCommand, startChild } from './child.ts';
import { diagnose, nextSteps } from './diagnose.ts';
import { type FollowTarget, Matcher, watchRules } from './follow-target.ts';
import { hookPlaces } from './hook-places.ts';
import { Output } from './output.ts';
import { Pipeline } from './pipeline.ts';
import { type OutputFormat, type Renderer, rendererFor } from './render/renderer.ts';
import { flowSentence, isGood } from './render/sentence.ts';
import { type ColorMode, styleFor, wrap } from './render/style.ts';
import { counted } from './render/words.ts';

/** After the command ended, its last packets and their journeys' silence. */
const DRAIN_MS = 300;
const NO_MATCH_MS = 3000;
/** A second of 20,000 packets/s across nodes, 13 events each: as long as this process may have to wait for a CPU. */
const RING_BYTES = 64 * 1024 * 1024;
const VXLAN_PORTS = [8472, 4789];

export interface FollowOptions {
  readonly namespace?: string;
  readonly selector?: string;
  /** Names of other clusters are not meant. */
  readonly cluster?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly count?: number;
  readonly flows?: number;
  readonly timeoutMs?: number;
  readonly output: OutputFormat;
  readonly color: ColorMode;
  readonly inside: boolean;
  /** Netfilter links on the way, where the kernel has them. */
  readonly hooks: boolean;
  readonly command: readonly string[];
  /** Only the journeys: no sentences, no notes. */
  readonly quiet?: boolean;
  readonly ringBytes?: number;
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
  const run = new FollowRun(options);
  try {
    await run.start(srcText, dstText);
    await run.untilDone();
  } finally {
    await run.stop();
  }
  return run.conclude();
}

class FollowRun {
  readonly #options: FollowOptions;
  readonly #output = new Output();
  readonly #book = new FlowBook();
  readonly #flows = new Set<string>();
  readonly #done = Promise.withResolvers<void>();
  readonly #pipeline: Pipeline;
  #collector: Collector | undefined;
  #matcher: Matcher | undefined;
  #target: FollowTarget | undefined;
  #renderer: Renderer | undefined;
  #printed = 0;
  /** Journeys that the kernel copied and that turned out not to belong to it. */
  #others = 0;
  #command: Child | undefined;
  #child: ChildResult | undefined;
  #died: TracerError | undefined;
  #ended = false;
  /** The collector is being ended, or has been. */
  #stopped = false;
  #timers: NodeJS.Timeout[] = [];
  #hooks: readonly HookPlace[] = [];

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#pipeline = new Pipeline({
      clusters: readLabSnapshots(),
      onJourney: (journey, _record, hops) => this.#onJourney(journey, hops),
      onMiss: () => this.#collector?.look(),
    });
  }

  async start(srcText: string, dstText: string): Promise<void> {
    const [command] = this.#options.command;
    if (command !== undefined) requireCommand(command);
    const { collector } = await Collector.start({
      onFrame: frame => this.#onFrame(frame),
      onDied: error => this.#end(error),
      ringBytes: this.#options.ringBytes ?? RING_BYTES,
    });
    this.#collector = collector;
    const names = this.#pipeline.names;
    this.#target = targetOf(srcText, dstText, names, this.#options);
    this.#matcher = new Matcher(this.#target);
    this.#renderer = rendererFor(this.#options.output, {
      style: styleFor(this.#options.color, process.stdout.isTTY === true),
      width: this.#output.width,
      write: line => this.#output.line(line),
      label: hop => this.#pipeline.places.netns(Number(hop.netns.cookie), this.#pipeline.nowNs).label,
    });
    const inside = this.#options.inside ? insideOf(this.#target.src, names) : undefined;
    this.#hooks = this.#options.hooks ? hookPlaces(this.#target, names) : [];
    await collector.watch(watchRules(this.#target), VXLAN_PORTS, this.#hooks);
    this.#note(`following ${this.#target.src.label} → ${this.#target.dst.label}; Ctrl-C ends it`);
    this.#arm();
    if (this.#options.command.length > 0) this.#run(this.#options.command, inside);
  }

  async untilDone(): Promise<void> {
    const onSignal = (): void => this.#end();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    void this.#output.closed.then(onSignal);
    await this.#done.promise;
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#command?.leave();
    await this.#collector?.stop();
  }

  conclude(): FollowResult {
    if (this.#pipeline.hello !== undefined && this.#renderer !== undefined) this.#pipeline.finish();
    this.#ended = true;
    this.#renderer?.finish();
    this.#summary();
    if (this.#died !== undefined) throw this.#died;
    return { exitCode: this.#exitCode(), ...(this.#child === undefined ? {} : { child: this.#child }) };
  }

  #onFrame(frame: Frame): void {
    this.#pipeline.frame(frame);
    if (frame.kind !== 'heartbeat') return;
    const nowNs = this.#kernelNs();
    if (nowNs !== undefined) this.#renderer?.beat(nowNs);
  }

  /** The last heartbeat, by the kernel's monotonic clock. */
  #kernelNs(): bigint | undefined {
    const { hello, nowNs } = this.#pipeline;
    return hello === undefined ? undefined : BigInt(hello.clock.monotonicNs) + BigInt(Math.round(nowNs));
  }

  #arm(): void {
    const { timeoutMs } = this.#options;
    if (timeoutMs !== undefined) this.#timers.push(setTimeout(() => this.#end(), timeoutMs));
    this.#timers.push(setTimeout(() => void this.#diagnose(), NO_MATCH_MS));
  }

  /** Nothing matched so far: what is to be seen instead? Looks a second at everything from SRC, then back. */
  async #diagnose(): Promise<void> {
    const collector = this.#collector;
    const target = this.#target;
    if (
      this.#printed > 0 ||
      this.#ended ||
      collector === undefined ||
      target === undefined ||
      this.#options.quiet === true
    )
      return;
    const watch = (rules: readonly WatchRule[]): Promise<void> =>
      collector.watch(rules, VXLAN_PORTS, this.#hooks);
    try {
      const lines = await diagnose(target, this.#pipeline, watch);
      if (!this.#stopped) for (const line of lines) this.#note(line);
    } catch (error) {
      if (!this.#stopped) this.#end(error instanceof TracerError ? error : undefined);
    }
  }

  #run(command: readonly string[], inside: Parameters<typeof startChild>[1]): void {
    this.#command = startChild(command, inside);
    this.#command.ended.then(
      child => {
        this.#child = child;
        this.#timers.push(setTimeout(() => this.#end(), DRAIN_MS));
      },
      (error: unknown) =>
        this.#end(error instanceof TracerError ? error : new TracerError('COMMAND_START', String(error))),
    );
  }

  #end(error?: TracerError): void {
    this.#died ??= error;
    this.#done.resolve();
  }

  #onJourney(journey: Journey, hops: readonly Hop[]): void {
    if (this.#ended || this.#matcher === undefined) return;
    if (!this.#matcher.matches(journey)) {
      this.#others++;
      return;
    }
    if (this.#isBeyondFlows(journey)) return;
    this.#printed++;
    this.#book.add(journey);
    this.#renderer?.journey(journey, hops);
    if (this.#printed !== this.#options.count) return;
    this.#ended = true;
    this.#end();
  }

  /** `--flows N`: the first N conversations, whole; ends when another one begins. */
  #isBeyondFlows(journey: Journey): boolean {
    const limit = this.#options.flows;
    if (journey.flow === undefined || this.#flows.has(journey.flow)) return false;
    if (limit !== undefined && this.#flows.size >= limit) {
      this.#end();
      return true;
    }
    this.#flows.add(journey.flow);
    return false;
  }

  #summary(): void {
    const { quiet, output, color } = this.#options;
    if (quiet === true || this.#renderer === undefined) return;
    const isText = output === 'compact' || output === 'wide';
    const style = styleFor(color, isText && process.stdout.isTTY === true);
    const print = (text: string): void => {
      if (!isText) this.#note(text);
      else for (const line of wrap(text, this.#output.width, 2)) this.#output.line(line);
    };
    const flows = this.#flowsAtEnd();
    if (flows.length > 0 && isText) this.#output.line('');
    for (const flow of flows) print(flowSentence(flow, style));
    const { lost, suspectJoins } = this.#pipeline.correlator.stats;
    const parts = [
      `${counted(this.#printed, 'packet')} shown`,
      `${counted(this.#others, 'other')} filtered`,
      `${counted(lost, 'event')} lost`,
    ];
    if (suspectJoins > 0) parts.push(`${counted(suspectJoins, 'wrong join')} cut`);
    if (this.#child !== undefined) parts.push(`the command ended with ${this.#child.code}`);
    this.#note(parts.join(', '));
    if (this.#printed === 0 && this.#target !== undefined)
      for (const line of nextSteps(this.#target, this.#others, this.#child)) this.#note(line);
  }

  /** A command that ended has waited for its answers; an end by -c, --timeout or Ctrl-C has not. */
  #flowsAtEnd(): Flow[] {
    return this.#book.all(this.#child === undefined ? this.#kernelNs() : undefined);
  }

  #note(text: string): void {
    if (this.#options.quiet !== true) this.#output.note(`tracer: ${text}`);
  }

  #exitCode(): number {
    if (this.#output.isClosed) return 0; // the reader has seen enough: what was cut short by that failed nobody
    if (this.#flowsAtEnd().some(flow => !isGood(flow))) return 4;
    if (this.#pipeline.correlator.stats.lost > 0) return 5;
    return this.#printed === 0 ? 3 : 0;
  }
}

function targetOf(srcText: string, dstText: string, names: Names, options: FollowOptions): FollowTarget {
  const scope = {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  };
  const src =
    options.selector === undefined
      ? select(srcText, names, scope)
      : selectByLabels(options.selector, names, scope);
  const dst = select(dstText, names, {
    ...scope,
    ...(src.cluster === undefined ? {} : { cluster: src.cluster }),
  });
  return {
    src,
    dst,
    ...(options.proto === undefined ? {} : { proto: options.proto }),
    ...(options.port === undefined ? {} : { port: options.port }),
    dnsIps: dst.kind === 'service' ? dnsOf(names, dst) : [],
  };
}

/** The cluster's DNS service, which a name of a service is looked up with. */
function dnsOf(names: Names, dst: Selection): string[] {
  for (const { snapshot } of names.clustersAt()) {
    if (snapshot.name !== dst.service?.cluster) continue;
    const dns = snapshot.services.find(
      service => service.namespace === 'kube-system' && service.ports.some(port => port.port === 53),
    );
    if (dns !== undefined)
      return [...dns.clusterIps, ...dns.ports.flatMap(port => port.endpoints.map(end => end.ip))];
  }
  return [];
}
