/** What came of a name that was looked up, in one sentence. */
import type { Endpoint } from '../model/journey.ts';
import { counted } from './counts.ts';
import { endpointText } from './endpoints.ts';
import { duration } from './times.ts';

export interface QuestionFacts {
  readonly name: string;
  readonly type: string;
  readonly times: number;
  readonly answer?: {
    readonly rcode: string;
    readonly addresses: readonly string[] | undefined;
    readonly by: Endpoint;
    readonly tookNs: bigint;
  };
}

export interface LookupFacts {
  readonly asker: Endpoint;
  readonly server: Endpoint;
  readonly questions: readonly QuestionFacts[];
}

/**
 * pod-a asked kube-dns for example.com: A 203.0.113.10 in 2.10 ms, no AAAA in 1.90 ms, by coredns-7kx2m; before that NXDOMAIN for 3 names:
 * example.com.default.svc.cluster.local, …
 */
export function lookupText({ asker, server, questions }: LookupFacts): string {
  const names = [...new Set(questions.map(({ name }) => name))];
  const found = questions.find(isFound)?.name;
  const shown = found ?? names.at(-1)!;
  const who = `${endpointText(asker, { port: false })} asked ${endpointText(server, { port: false })} for ${shown}`;
  const results = questions.filter(({ name }) => name === shown).map(resultText);
  const before = names.filter(name => name !== shown);
  const earlier = before.length === 0 ? '' : `; before that ${beforeText(before, questions)}`;
  return `${who}: ${results.join(', ')}${byText(questions)}${earlier}`;
}

/** Did it lead to an address, as far as that was seen? */
export const isLookedUp = ({ questions }: LookupFacts): boolean => questions.some(isFound);

const isFound = ({ answer }: QuestionFacts): boolean =>
  answer?.rcode === 'NOERROR' && (answer.addresses === undefined || answer.addresses.length > 0);

function resultText({ type, answer, times }: QuestionFacts): string {
  const again = times > 1 ? `, asked ${times} times` : '';
  if (answer === undefined) return `${type} no answer${again}`;
  const { rcode, addresses } = answer;
  const took = `in ${duration(Number(answer.tookNs))}${again}`;
  if (rcode !== 'NOERROR') return `${type} ${rcode} ${took}`;
  if (addresses === undefined) return `${type} answered ${took}`;
  return addresses.length === 0 ? `no ${type} ${took}` : `${type} ${addresses.join(' ')} ${took}`;
}

function byText(questions: readonly QuestionFacts[]): string {
  const names = questions.flatMap(({ answer }) =>
    answer === undefined ? [] : [endpointText(answer.by, { port: false })],
  );
  return names.length === 0 ? '' : `, by ${[...new Set(names)].join(' and ')}`;
}

function beforeText(names: readonly string[], questions: readonly QuestionFacts[]): string {
  const codes = questions
    .filter(({ name }) => names.includes(name))
    .map(({ answer }) => (answer === undefined ? 'no answer' : emptyText(answer.rcode)));
  const shown = names.slice(0, 4).join(', ');
  const more = names.length > 4 ? ', …' : '';
  return `${[...new Set(codes)].join(' or ')} for ${counted(names.length, 'name')}: ${shown}${more}`;
}

/** A name that there is, without an address of that type. */
const emptyText = (rcode: string): string => (rcode === 'NOERROR' ? 'no address' : rcode);
