/** What came of a conversation, and the journey and hop to look at first. CONTRACT 6. */
import type { Flow, FlowState } from '../model/flow.ts';
import type { Endpoint } from '../model/journey.ts';
import type { BlindTimes } from './blind-times.ts';
import { type FlowEntry, later, startNs } from './flow-entry.ts';
import type { JourneyHead } from './journey-head.ts';

/** How long an answer may take. */
export const ANSWER_NS = 1_000_000_000n;

/**
 * `cutNs`: the following ended then by itself; a request younger than an answer may take is not unanswered yet. Nor is one whose
 * answer may have gone by unseen.
 */
export function stateOf(entry: FlowEntry, cutNs?: bigint, blind?: BlindTimes): FlowState {
  // A packet that is rejected is dropped and answered by an ICMP error: the error tells more.
  if (entry.lastRequest?.outcome.kind === 'dropped' && entry.refusal?.direction !== 'related')
    return 'dropped';
  if (entry.refusal !== undefined)
    return entry.established && entry.refusal.proto === 'tcp' ? resetState(entry) : 'refused';
  if (entry.waiting.some(due => isDue(startNs(due), cutNs, blind))) return 'unanswered';
  if (entry.fin.request && entry.fin.reply) return 'closed';
  return entry.reply === undefined ? 'open' : 'answered';
}

function isDue(sentNs: bigint, cutNs: bigint | undefined, blind: BlindTimes | undefined): boolean {
  if (cutNs !== undefined && cutNs - sentNs < ANSWER_NS) return false;
  return blind?.overlaps(sentNs, sentNs + ANSWER_NS) !== true;
}

/** A client that closes with RST after it has got everything is no failure; one in the middle is. */
function resetState(entry: FlowEntry): FlowState {
  return entry.fin.request && entry.fin.reply ? 'closed' : 'reset';
}

export function blameOf(entry: FlowEntry, state: FlowState): Flow['blame'] {
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

function pick(journey: JourneyHead, text: string): Flow['blame'] {
  return { journey: journey.id, hop: journey.outcome.at, text };
}

function dropBlame(journey: JourneyHead | undefined, before: string): Flow['blame'] {
  if (journey?.outcome.kind !== 'dropped') return undefined;
  const { reason, location, hook } = journey.outcome;
  return pick(journey, `${before}${reason} in ${hook?.toUpperCase() ?? location}`);
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
