/**
 * SRC and DST of the command line: text to addresses and namespaces.
 *
 * `any` · `pods` (all that are known) · an address · a CIDR · `netns:NAME` · `container:ID` · `pod/NAME` · `svc/NAME` · `node/NAME` · `deploy/NAME`
 * (`sts/`, `ds/`, `job/`: all of its pods) · `NS/NAME` (pod, then
 * service) · `NAME` (pod, service, node, namespace of the host, then the beginning of any of these). `lab:` before it means a
 * lab's, `CLUSTER:` that cluster's. NAME may be a beginning wherever only one thing begins so.
 */
import { TracerError } from '../base/errors.ts';
import { canonicalIp, isCidr, isIp } from './addresses.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { requireCluster, requireScope } from './clusters.ts';
import type { When } from './inventory.ts';
import type { Names } from './names.ts';
import { nearMisses } from './near-misses.ts';
import { type CandidateKind, type Selection, workloadKinds } from './selection.ts';

export interface SelectOptions {
  /** `-n`: where a name without a namespace is looked for; else everywhere, `default` first. */
  readonly namespace?: string;
  /** `--context`: of other clusters nothing is meant. */
  readonly cluster?: string;
  /** Now, unless told otherwise. */
  readonly when?: When;
}

export function select(text: string, names: Names, options: SelectOptions = {}): Selection {
  requireScope(names, options);
  const plain = selectPlain(text);
  if (plain !== undefined) return plain;
  if (text === 'pods') return podsOf(podsLabel(options), 'no pod is known', names, options, () => true);
  const all = meantBy(options, names);
  const { rest, scope } = takeScope(text, all);
  const [lab] = /^lab:[^:/]+(?=:)/.exec(text) ?? [];
  if (lab !== undefined && rest.includes(':')) requireCluster(names, lab, options.when);
  if (text.startsWith('lab:') && scope.length === 0)
    throw new TracerError('LAB_NOT_UP', `"${text}": no lab is up`);
  const query = parseQuery(rest);
  if (query.name === '') throw new TracerError('USAGE', `"${text}" names nothing`, { hint: forms });
  const candidates = scope.filter(candidate => admits(query, candidate, options));
  const found = bestOf(candidates, query.name, options.namespace ?? 'default');
  if (found.length === 0) throw unknown(text, all);
  if (found.length > 1) throw ambiguous(text, found);
  return found[0]!.selection;
}

const podsLabel = ({ cluster }: SelectOptions): string =>
  cluster === undefined ? 'all pods' : `the pods of ${cluster}`;

/** `-l`: all pods with these labels (`app=nginx`, `app==nginx`, `tier!=web`, `app`, `!app`; commas mean and). */
export function selectByLabels(text: string, names: Names, options: SelectOptions = {}): Selection {
  requireScope(names, options);
  const demands = text.split(',').map(part => parseDemand(part.trim(), text));
  return podsOf(text, `no pod has the labels ${text}`, names, options, labels =>
    demands.every(demand => demand(labels)),
  );
}

function podsOf(
  label: string,
  ifNone: string,
  names: Names,
  options: SelectOptions,
  isMeant: (labels: Labels) => boolean,
): Selection {
  const pods = meantBy(options, names).filter(
    ({ kind, namespace, labels }) =>
      kind === 'pod' &&
      (options.namespace === undefined || namespace === options.namespace) &&
      isMeant(labels ?? {}),
  );
  if (pods.length === 0) throw new TracerError('UNKNOWN_NAME', ifNone);
  return {
    kind: 'pods',
    label,
    // An address of one cluster may be another pod's in the next.
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    ips: pods.flatMap(pod => pod.selection.ips),
    cidrs: [],
    netnsCookies: pods.flatMap(pod => pod.selection.netnsCookies),
  };
}

/** Nothing of other clusters than that of `--context`; what is of none stays. */
function meantBy({ cluster, when }: SelectOptions, names: Names): Candidate[] {
  return candidatesOf(names, when).filter(
    candidate => cluster === undefined || (candidate.cluster ?? cluster) === cluster,
  );
}

/** What needs no names. */
function selectPlain(text: string): Selection | undefined {
  const nothing = { ips: [], cidrs: [], netnsCookies: [] };
  if (text === 'any') return { kind: 'any', label: 'any', any: true, ...nothing };
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (isIp(bare)) return { kind: 'ip', label: canonicalIp(bare), ...nothing, ips: [canonicalIp(bare)] };
  if (isCidr(text)) {
    const [ip = '', length = ''] = text.split('/');
    const cidr = `${canonicalIp(ip)}/${Number(length)}`;
    return { kind: 'cidr', label: cidr, ...nothing, cidrs: [cidr] };
  }
  return undefined;
}

/** `lab:` and `CLUSTER:` say where to look. */
function takeScope(text: string, all: readonly Candidate[]): { rest: string; scope: readonly Candidate[] } {
  const clusters = [...new Set(all.flatMap(({ cluster }) => (cluster === undefined ? [] : [cluster])))];
  const cluster = clusters.sort((a, b) => b.length - a.length).find(name => text.startsWith(`${name}:`));
  if (cluster !== undefined)
    return {
      rest: text.slice(cluster.length + 1),
      scope: all.filter(candidate => candidate.cluster === cluster),
    };
  if (!text.startsWith('lab:')) return { rest: text, scope: all };
  return { rest: text.slice(4), scope: all.filter(candidate => candidate.cluster?.startsWith('lab:')) };
}

const forms =
  'it is a pod, ns/pod, svc/x, deploy/x, node/x, netns:NAME, container:ID, an address, a CIDR, pods or any';

interface Query {
  readonly kind?: CandidateKind;
  readonly namespace?: string;
  readonly name: string;
}

const kinds: Readonly<Record<string, CandidateKind>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  svc: 'service',
  service: 'service',
  node: 'node',
  deploy: 'deployment',
  deployment: 'deployment',
  sts: 'statefulset',
  statefulset: 'statefulset',
  ds: 'daemonset',
  daemonset: 'daemonset',
  job: 'job',
};

function parseQuery(text: string): Query {
  const prefixed = /^(netns|container):(.*)$/s.exec(text);
  if (prefixed !== null) return { kind: prefixed[1] as 'netns' | 'container', name: prefixed[2]! };
  const parts = text.split('/');
  const kind = parts.length > 1 ? kinds[parts[0]!] : undefined;
  if (kind !== undefined) parts.shift();
  if (parts.length > 2)
    throw new TracerError('USAGE', `"${text}" has more parts than kind, namespace and name`, { hint: forms });
  const [first = '', second] = parts;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(second === undefined ? {} : { namespace: first }),
    name: second ?? first,
  };
}

function admits(query: Query, candidate: Candidate, options: SelectOptions): boolean {
  if (query.kind !== undefined && query.kind !== candidate.kind) return false;
  // A container's ID is no name that anybody writes alone; what makes pods is called as they begin.
  if (query.kind === undefined && !alone.includes(candidate.kind)) return false;
  const namespaced = candidate.namespace !== undefined;
  if (query.namespace !== undefined) return namespaced && candidate.namespace === query.namespace;
  return !namespaced || options.namespace === undefined || candidate.namespace === options.namespace;
}

const alone: readonly CandidateKind[] = ['pod', 'service', 'node', 'netns'];
const order: readonly CandidateKind[] = [...alone, ...workloadKinds, 'container'];

/** One: found. None, or several that are equally good. */
function bestOf(candidates: readonly Candidate[], name: string, favourite: string): readonly Candidate[] {
  for (const kind of order) {
    const exact = candidates.filter(candidate => candidate.kind === kind && candidate.names.includes(name));
    if (exact.length === 0) continue;
    const favoured = exact.filter(candidate => candidate.namespace === favourite);
    return favoured.length > 0 ? favoured : exact;
  }
  const beginning = candidates.filter(candidate => candidate.names.some(full => full.startsWith(name)));
  // A pod's namespace of the same beginning is no other thing.
  return beginning.filter(({ kind, selection }) => {
    if (kind !== 'netns') return true;
    return !beginning.some(other => other.kind !== 'netns' && sharesNetns(other, selection.netnsCookies));
  });
}

const sharesNetns = (candidate: Candidate, cookies: readonly string[]): boolean =>
  candidate.selection.netnsCookies.some(cookie => cookies.includes(cookie));

function ambiguous(text: string, found: readonly Candidate[]): TracerError {
  const shown = found.slice(0, 10).map(({ reference }) => reference);
  const more = found.length > shown.length ? ` and ${found.length - shown.length} more` : '';
  const message = `"${text}" could be ${shown.join(', ')}${more}`;
  const clusters = [...new Set(found.map(({ cluster }) => cluster))].sort();
  if (clusters.length < 2) return new TracerError('AMBIGUOUS_NAME', message);
  return new TracerError('AMBIGUOUS_NAME', message, {
    hint: `say which cluster: CLUSTER:${text}, or --context CLUSTER (in the API: "cluster"), of ${clusters.slice(0, 10).join(', ')}`,
  });
}

function unknown(text: string, all: readonly Candidate[], why?: string): TracerError {
  if (why !== undefined) return new TracerError('UNKNOWN_NAME', `"${text}": ${why}`);
  const wanted = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf(':')) + 1);
  const byName = new Map(
    all.flatMap(candidate => candidate.names.map(name => [name, candidate.reference] as const)),
  );
  const near = nearMisses(wanted, byName.keys()).map(name => byName.get(name)!);
  const message = `nothing is called "${text}"`;
  return near.length === 0
    ? new TracerError('UNKNOWN_NAME', message)
    : new TracerError('UNKNOWN_NAME', message, { hint: `did you mean ${[...new Set(near)].join(' or ')}?` });
}

type Labels = Readonly<Record<string, string>>;

function parseDemand(part: string, text: string): (labels: Labels) => boolean {
  const match = /^(!?)([\w./-]+)(?:(==|=|!=)([\w.-]*))?$/.exec(part);
  const [, not, key = '', operator, value] = match ?? [];
  if (match === null || (not === '!' && operator !== undefined))
    throw new TracerError('USAGE', `"${text}" is no label selector`, {
      hint: 'for example app=nginx,tier!=web',
    });
  if (operator === undefined) return labels => key in labels === (not === '');
  return operator === '!=' ? labels => labels[key] !== value : labels => labels[key] === value;
}
