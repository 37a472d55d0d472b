/** What came of a conversation, and the journey and hop to look at first. CONTRACT 6. */
import type { Flow, FlowState } from '../model/flow.ts';
import type { Endpoint, Hop, Journey } from '../model/journey.ts';
import { ruleDropText } from '../words/rule-text.ts';
import type { BlindTimes } from './blind-times.ts';
import { type FlowEntry, later, startNs } from './flow-entry.ts';
import type { JourneyHead } from './journey-head.ts';

/** How long an answer may take. */
export const ANSWER_NS = 1_000_000_000n;

/** Who can say whether an answer would have been seen: where not all that happens is. */
export interface Witness {
  /** Namespaces (cookies) that the answer to this packet has to pass in sight. */
  watchersOf(question: Pick<Journey, 'outcome' | 'gaps'>, hops: readonly Hop[]): readonly string[];
  /** Kernel monotonic ns; undefined: an answer may have gone by unseen. */
  seesUntil(watchers: readonly string[]): bigint | undefined;
}

export interface Circumstances {
  readonly cutNs?: bigint | undefined;
  readonly blind?: BlindTimes | undefined;
  readonly witness?: Witness | undefined;
}

/**
 * `cutNs`: the following ended then by itself; a request younger than an answer may take is not unanswered yet. Nor is one whose
 * answer may have gone by unseen.
 */
export function stateOf(entry: FlowEntry, { cutNs, blind, witness }: Circumstances = {}): FlowState {
  // A packet that is rejected is dropped and answered by an ICMP error: the error tells more.
  if (entry.lastRequest?.outcome.kind === 'dropped' && entry.refusal?.direction !== 'related')
    return 'dropped';
  if (entry.refusal !== undefined)
    return entry.established && entry.refusal.proto === 'tcp' ? resetState(entry) : 'refused';
  if (entry.waiting.some(due => isDue(entry, due, { cutNs, blind, witness }))) return 'unanswered';
  if (entry.fin.request && entry.fin.reply) return 'closed';
  return entry.reply === undefined ? 'open' : 'answered';
}

function isDue(entry: FlowEntry, due: JourneyHead, { cutNs, blind, witness }: Circumstances): boolean {
  const sentNs = startNs(due);
  if (cutNs !== undefined && cutNs - sentNs < ANSWER_NS) return false;
  if (blind?.overlaps(sentNs, sentNs + ANSWER_NS) === true) return false;
  if (witness === undefined || isAskedAgain(entry, due)) return true;
  const untilNs = witness.seesUntil(entry.watchersOf(due));
  return untilNs !== undefined && untilNs - sentNs >= ANSWER_NS;
}

/** Whoever asks the same again after that time has got no answer until then. */
function isAskedAgain(entry: FlowEntry, due: JourneyHead): boolean {
  const { tcp, dns } = due.packet;
  return entry.waiting.some(({ packet, startNs: againNs }) => {
    if (BigInt(againNs) - startNs(due) < ANSWER_NS) return false;
    return tcp === undefined ? dns !== undefined && packet.dns?.id === dns.id : packet.tcp?.seq === tcp.seq;
  });
}

/** A client that closes with RST after it has got everything is no failure; one in the middle is. */
function resetState(entry: FlowEntry): FlowState {
  return entry.fin.request && entry.fin.reply ? 'closed' : 'reset';
}

export function blameOf(entry: FlowEntry, state: FlowState, witness?: Witness): Flow['blame'] {
  if (state === 'open' && witness !== undefined && entry.waiting.length > 0) return openBlame(entry, witness);
  if (state === 'dropped') return dropBlame(entry.lastRequest, '');
  if ((state === 'refused' || state === 'reset') && entry.refusal !== undefined)
    return pick(entry.refusal, `${entry.refusal.summary} from ${nameOf(entry.refusal.from)}`);
  if (state !== 'unanswered') return undefined;
  const due = entry.waiting.reduce((a, b) => later(a, b));
  // An answer came and was lost on its way: that is the place to look at.
  if (entry.lostReply !== undefined && startNs(entry.lostReply) >= startNs(due))
    return dropBlame(entry.lostReply, `the answer came as far as a drop: ${entry.lostReply.summary}, `);
  const times = entry.waiting.filter(request => request.summary === due.summary).length;
  return pick(due, unansweredText(due, times));
}

/** Why it is not known whether an answer came. */
function openBlame(entry: FlowEntry, witness: Witness): Flow['blame'] {
  const due = entry.waiting.reduce((a, b) => later(a, b));
  const untilNs = witness.seesUntil(entry.watchersOf(due));
  if (untilNs === undefined)
    return pick(due, `${due.summary}: an answer may have passed where nobody captured`);
  const leftNs = untilNs - startNs(due);
  const seconds = (Number(leftNs < 0n ? 0n : leftNs) / 1e9).toFixed(1);
  return pick(due, `${due.summary}: the capture ends ${seconds} s later, before an answer was due`);
}

function pick(journey: JourneyHead, text: string): Flow['blame'] {
  return { journey: journey.id, hop: journey.outcome.at, text };
}

function dropBlame(journey: JourneyHead | undefined, before: string): Flow['blame'] {
  if (journey?.outcome.kind !== 'dropped') return undefined;
  const { reason, location, hook, rule } = journey.outcome;
  const by = rule === undefined ? '' : `, ${ruleDropText(rule)}`;
  return pick(journey, `${before}${reason} in ${hook?.toUpperCase() ?? location}${by}`);
}

/** What is known of the request that nothing answered. */
function unansweredText(due: JourneyHead, times: number): string {
  const sent = times === 1 ? due.summary : `${due.summary} sent ${times} times`;
  const { outcome } = due;
  if (outcome.kind === 'open' && outcome.waiting === 'neighbour')
    return `${sent}, waits for the MAC address of its next hop`;
  if (outcome.kind === 'open' || outcome.kind === 'lost') return `${sent}, where it went was not seen`;
  if (outcome.kind === 'transmitted') return `${sent}, left this kernel by ${outcome.dev}, nothing came back`;
  return `${sent}, reached ${nameOf(due.backend ?? due.to)}, nothing came back${listeningText(due)}`;
}

function nameOf(endpoint: Endpoint): string {
  return endpoint.name ?? endpoint.ip;
}

function listeningText(due: JourneyHead): string {
  return due.proto === 'tcp' || due.proto === 'udp' ? ' (is anything listening there?)' : '';
}
