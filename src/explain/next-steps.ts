/** What to look at next: what a journey's end makes likely, and the command for it in the namespace where it ended. */
import type { Flow } from '../model/flow.ts';
import type { AnyJourney, Hop } from '../model/journey.ts';
import type { NextStep } from '../model/next-step.ts';
import { dropWords } from '../words/drops/drop-advice.ts';
import { lookWords, socketWords } from '../words/drops/looks.ts';
import { serviceChain } from './kube-proxy-chain.ts';
import { shellLine, shellParts } from './shell.ts';

/** `flow`: of the journey, as far as it is known. Most useful first; not what the last hop's own command shows. */
export function nextSteps(journey: AnyJourney, flow?: Flow): NextStep[] {
  const steps = [...endSteps(journey, flow), ...serviceSteps(journey), ...flowSteps(journey, flow)];
  const atEnd = journey.hops[journey.outcome.at]?.command;
  const isNew = ({ command }: NextStep, at: number): boolean =>
    command === undefined || (command !== atEnd && steps.findIndex(step => step.command === command) === at);
  return steps.filter(isNew);
}

function endSteps(journey: AnyJourney, flow: Flow | undefined): NextStep[] {
  const { outcome, hops } = journey;
  const at = hops[outcome.at] ?? hops.at(-1);
  switch (outcome.kind) {
    case 'dropped':
      return outcome.rule?.basis === 'computed'
        ? []
        : dropSteps(journey, outcome.reason, outcome.location, at);
    case 'consumed':
      return outcome.by === 'reset' ? [listeningStep(journey, at)] : [];
    case 'delivered':
      return flow?.state === 'unanswered' && journey.direction === 'request'
        ? [unansweredStep(journey, at)]
        : [];
    case 'transmitted':
      return flow?.state === 'unanswered'
        ? [{ text: `it left this kernel by ${outcome.dev}: look on the machine behind that device` }]
        : [];
    case 'open':
      return openSteps(outcome.waiting, at, hops);
    case 'lost':
      return [{ text: 'the tracer lost events: follow less (-p, --proto, one pod) and try again' }];
    default:
      return [];
  }
}

function dropSteps(journey: AnyJourney, reason: string, location: string, at: Hop | undefined): NextStep[] {
  const words = dropWords(reason, location);
  const causes = (words?.causes ?? []).map((text, i) => ({ text: `${i === 0 ? 'likely' : 'or'}: ${text}` }));
  const look = words?.look === undefined || at === undefined ? undefined : lookWords(words.look, at);
  const steps = [...causes, ...lookStep('what that namespace has now:', look, journey.hops, at)];
  if (words?.harmless === true)
    return [{ text: 'nothing is missing: it is a duplicate, or was for somebody else' }, ...steps];
  if (steps.length > 0) return steps;
  return words === undefined
    ? [
        {
          text: `the kernel's documentation of SKB_DROP_REASON_${reason} (include/net/dropreason-core.h) may say more`,
        },
      ]
    : [{ text: 'this tracer knows nothing more of it' }];
}

function listeningStep({ packet, hops }: AnyJourney, at: Hop | undefined): NextStep {
  const isSyn = packet.tcp === undefined || packet.tcp.flags === 'S';
  const text = isSyn
    ? 'what listens there, and on which address? 127.0.0.1 is only for the pod itself'
    : 'the connection is not known there: its process has ended, or the pod was restarted';
  return lookStep(text, ['ss', packet.tcp === undefined ? '-ulnp' : '-tlnp'], hops, at)[0] ?? { text };
}

function unansweredStep({ hops }: AnyJourney, at: Hop | undefined): NextStep {
  const text =
    'is the process there, and does it read? (Recv-Q is what waits for it; full at Send-Q if it listens)';
  return (
    lookStep(
      text,
      socketWords(at?.tuple ?? hops.findLast(hop => hop.tuple !== undefined)?.tuple),
      hops,
      at,
    )[0] ?? { text }
  );
}

function openSteps(waiting: string, at: Hop | undefined, hops: readonly Hop[]): NextStep[] {
  if (waiting !== 'neighbour' || at === undefined) return [];
  return lookStep(
    'is the next hop there? FAILED or INCOMPLETE means that it does not answer',
    lookWords('neighbours', at),
    hops,
    at,
  );
}

/** Only where the choice was made: later packets repeat what conntrack keeps. */
function serviceSteps(journey: AnyJourney): NextStep[] {
  const { service, hops, proto } = journey;
  const at = hops.find(({ changes }) => changes.some(change => change.by === 'dnat'));
  const chain = service && serviceChain(service, proto);
  if (at === undefined || chain === undefined) return [];
  const tool = at.tuple?.src.includes(':') === true ? 'ip6tables' : 'iptables';
  const text = `all endpoints of ${service!.name}, and how often each was chosen (kube-proxy in iptables mode)`;
  return lookStep(text, [tool, '-t', 'nat', '-nvL', chain], hops, at);
}

function flowSteps(journey: AnyJourney, flow: Flow | undefined): NextStep[] {
  const blamed = flow?.blame?.journey;
  const told = journey.links.filter(
    ({ kind, role }) => role === 'child' && (kind === 'error' || kind === 'answer'),
  );
  return [
    ...(blamed === undefined || blamed === journey.id
      ? []
      : [{ text: 'the packet of this conversation to look at first', command: `tracer explain ${blamed}` }]),
    ...told.slice(0, 1).map(link => ({
      text: link.kind === 'error' ? 'the ICMP error that tells its sender' : "the kernel's own answer to it",
      command: `tracer explain ${link.journey}`,
    })),
  ];
}

/** Nothing where there is no way in, or nothing to run. */
function lookStep(
  text: string,
  words: readonly string[] | undefined,
  hops: readonly Hop[],
  at: Hop | undefined,
): NextStep[] {
  const into = at === undefined ? undefined : wayIntoOf(hops, at.netns.cookie);
  if (words === undefined || into === undefined) return [];
  return [{ text, command: [...into, shellLine(words)].join(' ') }];
}

/** As the commands of its hops enter the namespace. */
function wayIntoOf(hops: readonly Hop[], cookie: string): string[] | undefined {
  const command = hops.find(hop => hop.netns.cookie === cookie && hop.command !== undefined)?.command;
  if (command === undefined) return undefined;
  const parts = shellParts(command);
  if (parts[0] === 'nsenter') return parts.slice(0, 2);
  return parts[0] === 'ip' && parts[1] === 'netns' ? parts.slice(0, 4) : [];
}
