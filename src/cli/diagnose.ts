/** Nothing matched, for a while or at all: what SRC does send, what is being watched, the causes that can be proven, what to try. */
import { type ClusterOf, type FollowTarget, isElsewhere } from '../engine/target.ts';
import type { Selection } from '../inventory/selection.ts';
import type { TapFacts } from '../model/event.ts';
import type { Journey } from '../model/journey.ts';
import { counted } from '../words/counts.ts';
import { endpointText } from '../words/endpoints.ts';
import { type LookupFacts, lookupText } from '../words/lookup-text.ts';

const LOOK_MS = 1000;

/** Where to look. */
export interface Sights {
  /** Shows every journey, until the returned function is called. */
  observe(observer: (journey: Journey) => void): () => void;
  /** Watches all that SRC sends and gets, until the returned function is called. */
  widen(): Promise<() => Promise<void>>;
  /** Does a namespace of this machine have this address? */
  owns(ip: string): boolean;
  readonly clusterOf: ClusterOf;
  taps(): readonly Pick<TapFacts, 'name' | 'state' | 'reason'>[];
}

/** `facts`: what is known without looking. */
export async function diagnose(
  target: FollowTarget,
  facts: () => readonly string[],
  sights: Sights,
): Promise<string[]> {
  const seen = new Map<string, number>();
  const stop = sights.observe(journey => {
    if (!isFrom(target, journey) || isElsewhere(target, journey, sights.clusterOf)) return;
    const what = `${endpointText(journey.from, { port: false })} → ${endpointText(journey.to)} (${journey.proto})`;
    seen.set(what, (seen.get(what) ?? 0) + 1);
  });
  const narrow = await sights.widen();
  await new Promise(resolve => setTimeout(resolve, LOOK_MS));
  stop();
  await narrow();
  return [...lines(target, seen), ...facts(), ...causes(target, sights)];
}

const LOOKUPS_SHOWN = 3;

/** Names that SRC looked up (has it asked for any?), endpoints of a service, a pod on another machine. */
export function factsOf(target: FollowTarget, lookups: readonly LookupFacts[], hasAsked: boolean): string[] {
  const { src, dst, dnsIps } = target;
  const found = lookups.slice(-LOOKUPS_SHOWN).map(lookupText);
  if (!hasAsked && dnsIps.length > 0 && src.any !== true)
    found.push(`${src.label} asked the cluster's DNS for no name`);
  for (const { label, elsewhere } of [src, dst])
    if (elsewhere !== undefined)
      found.push(
        `${label} is on node ${elsewhere}, which is another machine: its side is seen by a tracer there`,
      );
  const endpoints = endpointsFact(dst);
  return endpoints === undefined ? found : [...found, endpoints];
}

function endpointsFact({ label, endpoints }: Selection): string | undefined {
  if (endpoints === undefined || endpoints.ready > 0) return undefined;
  const what =
    endpoints.all === 0
      ? 'has no endpoints'
      : `has ${counted(endpoints.all, 'endpoint')}, none of them ready`;
  return `${label} ${what}: a connection to it is refused, or gets no answer`;
}

function lines(target: FollowTarget, seen: ReadonlyMap<string, number>): string[] {
  const watched = `nothing matched yet. Watched: ${sideText(target.src)} ↔ ${sideText(target.dst)}${target.port === undefined ? '' : ` port ${target.port}`}`;
  if (target.src.any === true) return [watched];
  if (seen.size === 0) return [watched, `${target.src.label} sent nothing at all in the last second`];
  const top = [...seen].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return [
    watched,
    `seen from ${target.src.label} meanwhile: ${top.map(([what, count]) => `${what} ×${count}`).join(', ')}`,
  ];
}

/** Nothing was printed until the end: what would show more. */
export function nextSteps(
  { src, dst, proto, port }: FollowTarget,
  others: number,
  command: unknown,
  isDnsAlone: boolean,
): string[] {
  const limits = [
    ...(proto === undefined ? [] : [`--proto ${proto}`]),
    ...(port === undefined ? [] : [`-p ${port}`]),
  ];
  const steps: string[] = [];
  if (limits.length > 0) steps.push(`it without ${limits.join(' and ')}`);
  if (src.any !== true && dst.any !== true) {
    steps.push(`\`follow ${src.label} any\`: all that ${src.label} opens`);
    steps.push(`\`follow ${dst.label} ${src.label}\`: what is opened the other way`);
  }
  if (others > 0 && src.any !== true)
    steps.push(`\`follow any ${dst.label}\`: ${others} packets were of others`);
  if (command === undefined) steps.push('`--in -- CMD`: runs CMD in SRC once everything is watched');
  const what = [`${src.label} → ${dst.label}`, ...limits].join(' ');
  const why = steps.length > 0 ? '' : ': no packet of it reached a device';
  const seen = isDnsAlone ? 'nothing but DNS was seen of' : 'nothing matched';
  return [`${seen} ${what}${why}`, ...steps.map(step => `try ${step}`)];
}

function sideText(side: FollowTarget['src']): string {
  const ips = [...side.ips, ...side.cidrs, ...(side.backendIps ?? [])];
  return side.any === true || ips.length === 0
    ? side.label
    : `${side.label} (${ips.slice(0, 6).join(', ')}${ips.length > 6 ? ', …' : ''})`;
}

function causes(target: FollowTarget, sights: Sights): string[] {
  const found: string[] = [];
  const here = [...target.src.ips].some(ip => sights.owns(ip));
  if (target.src.ips.length > 0 && !here && target.src.elsewhere === undefined)
    found.push(
      `no network namespace of this kernel has an address of ${target.src.label}: is it on another machine?`,
    );
  const off = sights.taps().filter(tap => tap.state !== 'on');
  for (const tap of off)
    found.push(`the tap ${tap.name} is ${tap.state}: ${tap.reason ?? 'no reason given'}`);
  return found;
}

function isFrom(target: FollowTarget, journey: Journey): boolean {
  const first = journey.hops[0];
  if (journey.direction === 'reply') return false;
  return (
    target.src.ips.includes(journey.from.ip) ||
    (first !== undefined && target.src.netnsCookies.includes(first.netns.cookie))
  );
}
