/**
 * The printing side of a following: which journeys are shown and how, the sentences at the end, the exit code. It does not know where
 * journeys come from: a collector, a session file, a daemon.
 */
import { type ClusterOf, type FollowTarget, Matcher } from '../../engine/target.ts';
import type { Flow } from '../../model/flow.ts';
import type { FollowLimits } from '../../model/follow.ts';
import type { Hop, Journey } from '../../model/journey.ts';
import { FlowBook } from '../../store/flow-book.ts';
import type { Witness } from '../../store/flow-verdict.ts';
import { Lookups } from '../../store/lookups.ts';
import { counted } from '../../words/counts.ts';
import { isGood } from '../../words/flow-text.ts';
import { factsOf, nextSteps } from '../diagnose.ts';
import { Output } from '../output.ts';
import { type OutputFormat, type Renderer, rendererFor } from '../render/renderer.ts';
import { flowSentence, lookupSentence } from '../render/sentence.ts';
import { type ColorMode, type Style, styleFor, wrap } from '../render/style.ts';

export interface ShowOptions {
  readonly output: OutputFormat;
  readonly color: ColorMode;
  /** Only the journeys: no sentences, no notes. */
  readonly quiet?: boolean;
  /** Nothing on stdout, which is taken by something else. */
  readonly mute?: boolean;
  /** It is over already: what could be tried instead is not said. */
  readonly isReplay?: boolean;
}

/** What the journeys do not tell themselves. */
export interface Surroundings {
  /** How a person calls the namespace of a hop. */
  label(hop: Hop): string;
  readonly clusterOf: ClusterOf;
  /** The last heartbeat, by the kernel's monotonic clock. */
  nowNs(): bigint | undefined;
  /** `sampled`: events left out because there were too many. */
  stats(): { readonly lost: number; readonly suspectJoins: number; readonly sampled: number };
  /** Packets that were seen and could not be used. */
  unused?(): number;
}

/** How the following ended, as far as journeys do not tell it. */
export interface Ending {
  /** The command after `--`, if it ended before. */
  readonly child?: { readonly code: number };
}

export class Showing {
  readonly output = new Output();
  readonly #options: ShowOptions;
  readonly #about: Surroundings;
  /** As many as were asked for have been printed. */
  readonly #onEnough: () => void;
  readonly #book = new FlowBook();
  readonly #flows = new Set<string>();
  readonly #renderer: Renderer;
  #limits: FollowLimits = {};
  #matcher: Pick<Matcher, 'matches' | 'retarget' | 'dnsOf'> | undefined;
  #target: FollowTarget | undefined;
  #printed = 0;
  /** Of these, what is more than the DNS before it. */
  #met = 0;
  /** Names that were looked up by what is shown; and what else SRC asked for. */
  readonly #lookups = new Lookups();
  readonly #heard = new Lookups();
  readonly #factsTold = new Set<string>();
  /** Journeys that the kernel copied and that turned out not to belong to it. */
  #others = 0;
  #isOver = false;

  constructor(options: ShowOptions, about: Surroundings, onEnough: () => void) {
    this.#options = options;
    this.#about = about;
    this.#onEnough = onEnough;
    this.#renderer = rendererFor(options.output, {
      style: styleFor(options.color, process.stdout.isTTY === true),
      width: this.output.width,
      write: line => this.#line(line),
      label: hop => about.label(hop),
    });
  }

  /** From now on journeys are shown: those that belong to the target, or all that are given. */
  start(target?: FollowTarget, limits: FollowLimits = {}): void {
    this.#target = target;
    this.#limits = limits;
    this.#matcher =
      target === undefined
        ? { matches: () => true, retarget: () => {}, dnsOf: () => undefined }
        : new Matcher(target, this.#about.clusterOf);
  }

  /** It means other addresses now; what was decided stays. */
  retarget(target: FollowTarget): void {
    this.#target = target;
    this.#matcher?.retarget(target);
  }

  get printed(): number {
    return this.#printed;
  }

  /** Something of SRC → DST has been shown, and not only the DNS before it. */
  get hasMet(): boolean {
    return this.#met > 0;
  }

  /** What is known of why nothing was, as far as it has not been told. */
  takeFacts(): readonly string[] {
    if (this.#target === undefined) return [];
    const all = [...this.#lookups.all, ...this.#heard.all];
    // What is shown has its sentence at the end.
    const facts = factsOf(this.#target, this.#isOver ? this.#heard.all : all, all.length > 0);
    const fresh = facts.filter(fact => !this.#factsTold.has(fact));
    for (const fact of fresh) this.#factsTold.add(fact);
    return fresh;
  }

  /** It has been said how it ended, or as many as were asked for have been printed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * `hops`: those that it shares with other journeys, as the pipeline gives them. `isWanted`: else it counts for its conversation alone.
   * @returns is it shown?
   */
  journey(journey: Journey, hops?: readonly Hop[], isWanted = true): boolean {
    if (this.#isOver || this.#matcher === undefined) return false;
    const dns = this.#matcher.dnsOf(journey);
    if (dns === 'other') this.#heard.add(journey);
    if (!this.#matcher.matches(journey)) {
      this.#others++;
      return false;
    }
    if (!isWanted) {
      this.#others++;
      this.#book.add(journey);
      return false;
    }
    if (this.#isBeyondFlows(journey)) return false;
    this.#printed++;
    if (dns !== 'own') this.#met++;
    this.#book.add(journey);
    this.#lookups.add(journey);
    this.#renderer.journey(journey, hops);
    if (this.#printed !== this.#limits.count) return true;
    this.#isOver = true;
    this.#onEnough();
    return true;
  }

  /** Not all that happens is seen: this one knows what would have been. */
  witness(witness: Witness): void {
    this.#book.witness = witness;
  }

  /** Packets may have gone by unseen between the two; kernel monotonic ns. */
  blind(fromNs: bigint, toNs: bigint): void {
    this.#book.blind.add(fromNs, toNs);
  }

  beat(): void {
    const nowNs = this.#about.nowNs();
    if (nowNs !== undefined && this.#matcher !== undefined) this.#renderer.beat(nowNs);
  }

  note(text: string): void {
    if (this.#options.quiet !== true) this.output.note(`tracer: ${text}`);
  }

  /** Writes what was held back, the sentences and the counts. @returns the exit code, CONTRACT 7. */
  finish(ending: Ending): number {
    this.#isOver = true;
    this.#renderer.finish();
    if (this.#matcher !== undefined) this.#summary(ending);
    else if (this.#options.isReplay !== true) this.note('ended before anything was followed');
    return this.#exitCode(ending);
  }

  /** `--flows N`: the first N conversations, whole; ends when another one begins. */
  #isBeyondFlows(journey: Journey): boolean {
    const limit = this.#limits.flows;
    if (journey.flow === undefined || this.#flows.has(journey.flow)) return false;
    if (limit !== undefined && this.#flows.size >= limit) {
      this.#onEnough();
      return true;
    }
    this.#flows.add(journey.flow);
    return false;
  }

  #summary(ending: Ending): void {
    const { quiet, output, color } = this.#options;
    if (quiet === true) return;
    const isText = output === 'compact' || output === 'wide';
    this.#sentences(ending, isText, styleFor(color, isText && process.stdout.isTTY === true));
    const { lost, suspectJoins, sampled } = this.#about.stats();
    const parts = [
      `${counted(this.#printed, 'packet')} shown`,
      `${counted(this.#others, 'other')} filtered`,
      `${counted(lost, 'event')} lost`,
    ];
    if (sampled > 0) parts.push(`${counted(sampled, 'event')} left out: too many packets to show each`);
    if (suspectJoins > 0) parts.push(`${counted(suspectJoins, 'wrong join')} cut`);
    if (ending.child !== undefined) parts.push(`the command ended with ${ending.child.code}`);
    this.note(parts.join(', '));
    if (this.hasMet || this.#target === undefined || this.#options.isReplay === true) return;
    for (const line of this.takeFacts()) this.note(line);
    for (const line of nextSteps(this.#target, this.#others, ending.child, this.#printed > 0))
      this.note(line);
  }

  #sentences(ending: Ending, isText: boolean, style: Style): void {
    const flows = this.#flowsAtEnd(ending);
    const lookups = this.#lookups.all;
    // A name that was looked up in good order says it all; what went wrong below has a sentence of its own.
    const told = new Set(lookups.flatMap(({ flows: asked }) => [...asked]));
    const rest = flows.filter(flow => !(told.has(flow.id) && isGood(flow)));
    const texts = [
      ...lookups.map(lookup => lookupSentence(lookup, style)),
      ...rest.map(flow => flowSentence(flow, style)),
    ];
    if (texts.length > 0 && isText) this.#line('');
    for (const text of texts) {
      if (!isText) this.note(text);
      else for (const line of wrap(text, this.output.width, 2)) this.#line(line);
    }
  }

  /** Those of which a packet was shown. A command that ended has waited for its answers; an end by -c, --timeout or Ctrl-C has not. */
  #flowsAtEnd(ending: Ending): Flow[] {
    const flows = this.#book.all(ending.child === undefined ? this.#about.nowNs() : undefined);
    return flows.filter(({ id }) => this.#flows.has(id));
  }

  #line(text: string): void {
    if (this.#options.mute !== true) this.output.line(text);
  }

  #exitCode(ending: Ending): number {
    if (this.output.isClosed) return 0; // the reader has seen enough: what was cut short by that failed nobody
    if (this.#flowsAtEnd(ending).some(flow => !isGood(flow))) return 4;
    const { lost, sampled } = this.#about.stats();
    if (lost > 0 || sampled > 0 || (this.#about.unused?.() ?? 0) > 0) return 5;
    return this.#printed === 0 ? 3 : 0;
  }
}
