/**
 * A journey as text that is the same in every run of the same traffic: places, rewrites and the outcome; no times, ids, CPUs, inodes,
 * MACs or ephemeral ports. For golden tests. CONTRACT 9.
 */
import type { Change, Endpoint, Hop, Journey } from '../../model/journey.ts';

/** Behind the node ports, which end at 32767. */
const EPHEMERAL_FROM = 32_768;

export function canonicalJourney(journey: Journey, label: (hop: Hop) => string): string {
  const ends = [journey.from, journey.to, ...(journey.backend === undefined ? [] : [journey.backend])]
    .map(endText)
    .join(' > ');
  const service =
    journey.service === undefined
      ? ''
      : ` service ${journey.service.namespace ?? ''}/${journey.service.name ?? journey.service.ip}`;
  const head = `${journey.direction} ${journey.proto} ${kindOf(journey)} ${ends}${service}`;
  const hops = journey.hops.filter(hop => hop.layer !== 'socket').map(hop => `  ${hopText(hop, label(hop))}`);
  return [head, ...hops, `  = ${outcomeText(journey)}${journey.complete ? '' : ' incomplete'}`].join('\n');
}

/** The summary without sizes and ephemeral ports: data of different lengths is the same kind of packet. */
function kindOf(journey: Journey): string {
  const summary = journey.summary.replace(/\d+ B/g, 'N B').replace(/(echo (?:request|reply)) \d+/, '$1');
  return `"${withoutPort(summary, false)}"`;
}

function endText(endpoint: Endpoint): string {
  const name = endpoint.name === undefined ? endpoint.ip : `${endpoint.kind} ${endpoint.name}`;
  return endpoint.port === undefined ? name : `${name}:${portText(endpoint.port)}`;
}

function portText(port: number): string {
  return port >= EPHEMERAL_FROM ? '*' : String(port);
}

function hopText(hop: Hop, label: string): string {
  const changes = hop.changes
    .filter(change => change.field !== 'mac' && change.field !== 'length')
    .map(changeText);
  return [label, hop.layer, hop.stage, hop.dev ?? '-', ...changes].join(' ');
}

/** SNAT picks any free port, not only ephemeral ones. */
function changeText({ field, from, to, by }: Change): string {
  const isPicked = by === 'masquerade' || by === 'snat';
  return `[${field} ${withoutPort(from, by === 'unsnat')}→${withoutPort(to, isPicked)} ${by}]`;
}

function withoutPort(text: string | undefined, isPicked: boolean): string {
  if (text === undefined) return '-';
  return text.replace(/:(\d+)$/, (_, port: string) => `:${isPicked ? '*' : portText(Number(port))}`);
}

function outcomeText(journey: Journey): string {
  const { outcome } = journey;
  if (outcome.kind === 'dropped') return `dropped ${outcome.reason}`;
  if (outcome.kind === 'consumed') return `consumed by ${outcome.by}`;
  if (outcome.kind === 'transmitted') return `transmitted ${outcome.dev}`;
  return outcome.kind;
}
