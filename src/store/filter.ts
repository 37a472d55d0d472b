/** What is asked for of the journeys and flows that are kept. */
import type { Flow, FlowState } from '../model/flow.ts';
import type { Endpoint, OutcomeKind } from '../model/journey.ts';
import type { StoredJourney } from './stored-journey.ts';
import { type Ends, endsText, type Way } from './ways.ts';

export interface Filter {
  /** Id. */
  readonly flow?: string;
  readonly outcome?: OutcomeKind;
  /** Of flows. */
  readonly state?: FlowState;
  /** Who sends and who is to get it: `pod-a`, `ns/pod`, `svc/x`, `lab:ns/pod`, an address; whole names. */
  readonly from?: string;
  readonly to?: string;
  /** Text in names, addresses, ports, processes, summary, drop reason, DNS query; capitals do not matter. */
  readonly q?: string;
}

/** Ends are judged once a way, not once a journey. */
export class Matcher {
  readonly #filter: Filter;
  readonly #q: string | undefined;
  readonly #has = (text: string): boolean => text.toLowerCase().includes(this.#q!);
  readonly #isByEnds: boolean;
  readonly #ways = new WeakMap<Way, { readonly isMeant: boolean; readonly hasText: boolean }>();

  constructor(filter: Filter) {
    this.#filter = filter;
    this.#q = filter.q?.toLowerCase();
    this.#isByEnds = filter.from !== undefined || filter.to !== undefined || this.#q !== undefined;
  }

  journey({ head, way }: StoredJourney): boolean {
    const { flow, outcome } = this.#filter;
    if (flow !== undefined && head.flow !== flow) return false;
    if (outcome !== undefined && head.outcome.kind !== outcome) return false;
    if (!this.#isByEnds) return true;
    const { isMeant, hasText } = this.#judge(way, head.direction);
    return isMeant && (hasText || this.#hasText(head));
  }

  flow({ from, to, backend, service, proto, state, blame }: Flow): boolean {
    if (!this.#isByEnds) return true;
    const ends = { from, to, backend, service };
    if (!this.#isMeant(ends, false)) return false;
    return this.#q === undefined || [endsText(ends), proto, state, blame?.text ?? ''].some(this.#has);
  }

  #judge(way: Way, direction: string): { readonly isMeant: boolean; readonly hasText: boolean } {
    let judged = this.#ways.get(way);
    if (judged === undefined) {
      const isBack = direction === 'reply' || direction === 'related';
      judged = {
        isMeant: this.#isMeant(way.ends, isBack),
        hasText: this.#q === undefined || way.text.includes(this.#q),
      };
      this.#ways.set(way, judged);
    }
    return judged;
  }

  /** A service is where the request goes to and the reply comes from. */
  #isMeant({ from, to, backend, service }: Ends, isBack: boolean): boolean {
    const { from: fromText, to: toText } = this.#filter;
    if (fromText !== undefined && !matches([from, ...(isBack ? [service] : [])], fromText)) return false;
    return toText === undefined || matches([to, backend, ...(isBack ? [] : [service])], toText);
  }

  #hasText({ summary, outcome, packet, proto }: StoredJourney['head']): boolean {
    if (this.#has(summary) || this.#has(proto) || this.#has(outcome.kind)) return true;
    if (outcome.kind === 'dropped' && this.#has(`${outcome.reason} ${outcome.location}`)) return true;
    return packet.dns !== undefined && this.#has(packet.dns.query);
  }
}

const matches = (ends: readonly (Endpoint | undefined)[], text: string): boolean =>
  ends.some(end => end !== undefined && isNamed(end, text));

const kinds: Readonly<Record<string, Endpoint['kind']>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  svc: 'service',
  service: 'service',
  node: 'node',
  netns: 'netns',
  container: 'container',
};

/** Is the endpoint what a selector of the command line says, by its whole name? */
export function isNamed(end: Endpoint, text: string): boolean {
  if (text === 'any' || end.ip === text.replace(/^\[(.*)\]$/, '$1').toLowerCase()) return true;
  if (end.name === undefined) return false;
  let rest = withoutCluster(text, end.cluster);
  const kind = /^(\w+)[:/](?=.)/.exec(rest);
  if (kind !== null && kinds[kind[1]!] === end.kind) rest = rest.slice(kind[0].length);
  return rest === end.name || (end.namespace !== undefined && rest === `${end.namespace}/${end.name}`);
}

function withoutCluster(text: string, cluster: string | undefined): string {
  if (cluster === undefined) return text;
  if (text.startsWith(`${cluster}:`)) return text.slice(cluster.length + 1);
  return cluster.startsWith('lab:') && text.startsWith('lab:') ? text.slice('lab:'.length) : text;
}
