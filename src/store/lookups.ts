/**
 * Names that were looked up, put together from the journeys of DNS: one lookup is all that a resolver asks for one name as the program wrote it.
 * It goes through the search list until a name exists, A and AAAA at once for each.
 *
 * The program's own name is in no packet. Two questions in a row, of one asker to one server, belong together if the first was not answered by an
 * address, and what the names begin with alike, up to a suffix of the search list, may be that name. What it cannot know: whether a program asked
 * for each of them by itself.
 */
import type { DnsSummary, Endpoint, Journey } from '../model/journey.ts';

export interface Question {
  readonly name: string;
  /** A, AAAA, … */
  readonly type: string;
  /** How often it was asked. */
  times: number;
  readonly askedNs: bigint;
  answer?: Answer;
}

export interface Answer {
  readonly rcode: string;
  /** Addresses; undefined: they were not seen. */
  readonly addresses: readonly string[] | undefined;
  readonly by: Endpoint;
  /** From the first time it was asked until the answer arrived. */
  readonly tookNs: bigint;
}

export interface Lookup {
  readonly asker: Endpoint;
  /** Whom the asker addressed. */
  readonly server: Endpoint;
  /** In the order in which they were asked. */
  readonly questions: readonly Question[];
  readonly flows: ReadonlySet<string>;
}

interface Draft extends Lookup {
  readonly questions: Question[];
  readonly flows: Set<string>;
  /** Labels of what the program may have asked for; of a single name, all it has. */
  base: readonly string[];
}

const LOOKUPS_MAX = 5_000;

export class Lookups {
  readonly #all: Draft[] = [];
  /** By asker and server, the newest. */
  readonly #latest = new Map<string, Draft>();
  readonly #open = new Map<string, { readonly lookup: Draft; readonly question: Question }>();

  /** Journeys of DNS over UDP; others say nothing here. */
  add(journey: Journey): void {
    const { dns } = journey.packet;
    if (dns === undefined || isCopy(journey)) return;
    if (dns.rcode === undefined) this.#ask(journey, dns);
    else this.#answer(journey, dns);
  }

  /** In the order in which they began. */
  get all(): readonly Lookup[] {
    return this.#all;
  }

  #ask(journey: Journey, dns: DnsSummary): void {
    const { id, query, type } = dns;
    const key = keyOf(journey, id, query, type);
    const again = this.#open.get(key);
    if (again !== undefined) {
      again.question.times++;
      return;
    }
    const lookup = this.#lookupOf(journey, dns);
    if (lookup === undefined) return;
    const known = lookup.questions.find(each => each.name === query && each.type === type && !each.answer);
    const question = known ?? { name: query, type, times: 0, askedNs: BigInt(journey.startNs) };
    question.times++;
    if (known === undefined) lookup.questions.push(question);
    if (journey.flow !== undefined) lookup.flows.add(journey.flow);
    this.#open.set(key, { lookup, question });
  }

  #answer(journey: Journey, { id, query, type, rcode = 'NOERROR', answers }: DnsSummary): void {
    if (journey.outcome.kind === 'dropped' || journey.outcome.kind === 'lost') return;
    const key = keyOf(journey, id, query, type);
    const question = this.#open.get(key)?.question;
    this.#open.delete(key);
    if (question === undefined || question.answer !== undefined) return;
    const tookNs = BigInt(journey.startNs) + BigInt(journey.durationNs) - question.askedNs;
    question.answer = { rcode, addresses: answers, by: journey.from, tookNs };
  }

  #lookupOf({ from, to }: Journey, { query, type }: DnsSummary): Draft | undefined {
    const ends = `${from.ip} ${to.ip}`;
    const labels = query.toLowerCase().split('.');
    const latest = this.#latest.get(ends);
    const base = latest && baseWith(latest, labels, type);
    if (latest !== undefined && base !== undefined) {
      latest.base = base;
      return latest;
    }
    if (this.#all.length >= LOOKUPS_MAX) return undefined;
    const fresh: Draft = { asker: from, server: to, questions: [], flows: new Set(), base: labels };
    this.#all.push(fresh);
    this.#latest.set(ends, fresh);
    return fresh;
  }
}

/** A flood's copy, or what a capture saw twice. */
const isCopy = ({ links }: Journey): boolean =>
  links.some(({ kind, role }) => role === 'parent' && (kind === 'clone' || kind === 'flood'));

/** The client's port tells the conversation in both directions, whatever became of the other end's address. */
function keyOf({ from, to, packet }: Journey, id: number, query: string, type: string): string {
  const client = packet.dns?.rcode === undefined ? from : to;
  return `${client.ip} ${client.port} ${id} ${type} ${query.toLowerCase()}`;
}

export const isFound = ({ answer }: Question): boolean =>
  answer?.rcode === 'NOERROR' && (answer.addresses === undefined || answer.addresses.length > 0);

/** What the program's name may be if this question belongs to the lookup; undefined: it does not. */
function baseWith(
  { questions, base }: Draft,
  labels: readonly string[],
  type: string,
): readonly string[] | undefined {
  const name = labels.join('.');
  const same = questions.filter(each => each.name.toLowerCase() === name);
  const known = same.find(each => each.type === type);
  // Asked and answered before: the program has begun anew.
  if (known !== undefined) return known.answer === undefined ? base : undefined;
  if (same.length > 0) return base;
  if (questions.some(isFound)) return undefined;
  const common = alikeFrom(base, labels);
  if (common === 0) return undefined;
  // Either the name itself, or with a part of the search list behind it.
  if (common === base.length) return base;
  if (new Set(questions.map(each => each.name)).size > 1)
    return common === labels.length ? labels : undefined;
  // A later entry of the search list is the end of an earlier one: the name without the labels between.
  const isShortened = labels.length < base.length && endsWith(base, labels.slice(common));
  return isShortened ? labels.slice(0, common) : undefined;
}

function alikeFrom(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
}

const endsWith = (all: readonly string[], end: readonly string[]): boolean =>
  end.every((label, i) => all[all.length - end.length + i] === label);
