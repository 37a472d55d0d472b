/** What became of a packet, in words: its outcome, how it was closed, and which packet of the kernel's own answered it. */
import type { ConsumedBy, Hop, Journey } from '../model/journey.ts';
import { dropAdvice } from './drops/drop-advice.ts';
import { socketLine } from './hop-line.ts';
import { linkText } from './link-text.ts';
import { ruleDropText } from './rule-text.ts';

/** `closedBy` absent: it is still open. */
type Ended = Pick<Journey, 'outcome' | 'hops' | 'links'> & Partial<Pick<Journey, 'closedBy' | 'packet'>>;

/** Of what was lost or is still open nothing is known: that is no good end. */
export function isGoodEnd({ outcome }: Pick<Journey, 'outcome'>): boolean {
  return outcome.kind !== 'dropped' && outcome.kind !== 'open' && outcome.kind !== 'lost';
}

const consumedWords: Readonly<Record<ConsumedBy, string>> = {
  arp: 'answered or learned by ARP',
  icmp: "handled by the kernel's ICMP",
  reset: 'nobody listens: the kernel answers with RST',
  tunnel: 'taken by the tunnel',
  'not-addressed': 'rightly ignored: it is for another host',
};

export function outcomeText(journey: Ended): string {
  const { outcome } = journey;
  switch (outcome.kind) {
    case 'delivered':
      return `delivered${outcome.to === 'process' ? ' to the process' : ''}`;
    case 'transmitted':
      return `left this kernel by ${outcome.dev}`;
    case 'consumed':
      return consumedText(journey, outcome.by);
    case 'continued':
      return `goes on as ${numbers(outcome.into)}`;
    case 'dropped':
      return dropText(journey, outcome);
    case 'open':
      return outcome.waiting === 'unknown' ? nowhereText(journey) : waitingText(outcome.waiting, journey);
    case 'lost':
      return `not seen any further: the tracer lost events (${outcome.cause})`;
  }
}

function consumedText(journey: Ended, by: ConsumedBy): string {
  const answered = answeredBy(journey);
  if (by === 'arp' && answered !== '') return answered.slice(2);
  return (by === 'reset' ? resetWords(journey, answered !== '') : consumedWords[by]) + answered;
}

/** A RST is never answered by another (tcp_v4_send_reset(), Linux 6.18); where the answer was seen, it is named. */
function resetWords({ packet }: Ended, isAnswered: boolean): string {
  if (packet?.tcp?.flags?.includes('R') === true) return 'nobody listens, and a RST is not answered';
  return isAnswered ? 'nobody listens' : consumedWords.reset;
}

function dropText(journey: Ended, outcome: Extract<Ended['outcome'], { kind: 'dropped' }>): string {
  const { reason, location, hook, rule } = outcome;
  const answered = answeredBy(journey);
  const advice = rule === undefined ? dropAdvice(reason, location, answered !== '') : ruleDropText(rule);
  return `DROPPED ${reason} in ${hook?.toUpperCase() ?? location}${answered}: ${advice}`;
}

/** The packet's end, or the end of our patience, where neither says what became of it. */
function nowhereText({ closedBy, hops, outcome }: Ended): string {
  switch (closedBy) {
    case 'freed': {
      const by = hops[outcome.at]?.verdict;
      return `its memory was given back${by === undefined ? '' : ` (${by})`} before it was seen to arrive: what became of it is not known`;
    }
    case 'shutdown':
      return 'still on its way when the following ended';
    case undefined:
      return 'still on its way';
    default:
      return 'not seen any further: where it went is not known';
  }
}

function waitingText(waiting: string, { closedBy }: Ended): string {
  const since = closedBy === 'shutdown' ? ' when the following ended' : '';
  return waiting === 'neighbour' ? `still waiting for a MAC address${since}` : `waiting (${waiting})${since}`;
}

/** "" where nobody did, or nobody was seen to. */
function answeredBy({ links }: Ended): string {
  const answers = links.filter(
    ({ kind, role }) => role === 'child' && (kind === 'answer' || kind === 'error'),
  );
  return answers.length === 0 ? '' : `, answered by ${numbers(answers.map(link => link.journey))}`;
}

const shownMax = 4;

function numbers(ids: readonly string[]): string {
  const more = ids.length > shownMax ? ` and ${ids.length - shownMax} more` : '';
  return (
    ids
      .slice(0, shownMax)
      .map(id => `#${id}`)
      .join(', ') + more
  );
}

/** The last hop and what it came to, in one line; `hopText` says what happened at the hop. */
export function endText(journey: Ended, hop: Hop, hopText: string): string {
  const { outcome } = journey;
  const text = outcomeText(journey);
  if (hop.layer === 'drop') return text;
  if (hop.layer !== 'socket') return `${hopText}, ${text}`;
  if (outcome.kind === 'delivered') return `delivered: ${socketLine(hop).replace(/^freed: /, 'freed as ')}`;
  // A free with a reason has words of its own.
  if (hop.verdict?.includes(' in ') !== true)
    return hop.verdict === undefined ? text : `${text} (${hop.verdict})`;
  const answered = answeredBy(journey);
  if (outcome.kind !== 'consumed' || outcome.by !== 'reset') return socketLine(hop) + answered;
  const isRst = journey.packet?.tcp?.flags?.includes('R') === true;
  return socketLine(hop) + (answered === '' && !isRst ? ': the kernel answers with RST' : answered);
}

/** What this packet is to earlier ones: "answers #1". */
export function originText({ links }: Pick<Journey, 'links'>): string | undefined {
  const [first] = links.filter(({ kind, role }) => role === 'parent' && kind !== 'merge');
  if (first === undefined) return undefined;
  const parents = links.filter(({ kind, role }) => role === 'parent' && kind === first.kind);
  return `${linkText(first)} ${numbers(parents.map(link => link.journey))}`;
}
