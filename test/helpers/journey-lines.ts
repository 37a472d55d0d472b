/**
 * A journey as one line that a person can check against a drawing of the cluster: who to whom, the devices of each place in the order of
 * the packet, the rewrites where they happened, how it ended, and what it has to do with others. From the JSON alone; no times,
 * ids or ports that differ from run to run. Hops that tell nothing new (a hook passed, a neighbour known or asked for) are left out.
 *
 * `request SYN, pod-a → nginx-service:80 → nginx-1:8080: pod-a eth0 | node-1 veth…, dnat 10.96.45.123:80→10.244.1.6:8080, … | nginx-1 eth0; delivered`
 */
import type { Change, Endpoint, Hop, Journey, JourneyLink } from '../../src/model/journey.ts';

/** Behind the NodePorts, which end at 32767. */
const EPHEMERAL_FROM = 32_768;

export class JourneyLines {
  readonly #lab: string;
  readonly #byId: ReadonlyMap<string, Journey>;

  constructor(lab: string, journeys: readonly Journey[]) {
    this.#lab = lab;
    this.#byId = new Map(journeys.map(journey => [journey.id, journey]));
  }

  line(journey: Journey): string {
    const links = journey.links.map(link => this.#link(link)).sort();
    return [`${this.#head(journey)}: ${this.way(journey)}`, this.#outcome(journey), ...links].join('; ');
  }

  /** Places, devices and rewrites. */
  way(journey: Journey): string {
    const stops: { place: string; words: string[] }[] = [];
    for (const hop of journey.hops) {
      const words = wordsOf(hop);
      const place = this.#place(hop);
      if (words.length === 0) continue;
      if (stops.at(-1)?.place !== place) stops.push({ place, words: [] });
      const own = stops.at(-1)!.words;
      for (const word of words) if (own.at(-1) !== word) own.push(word);
    }
    return stops.map(({ place, words }) => `${place} ${words.join(', ')}`).join(' | ');
  }

  #head({ direction, summary, from, to, backend }: Journey): string {
    const ends = [from, to, ...(backend === undefined ? [] : [backend])].map(end => this.#end(end));
    return `${direction} ${summary}, ${ends.join(' → ')}`;
  }

  #end({ name, ip, port }: Endpoint): string {
    const who = name === undefined ? ip : this.#withoutLab(name);
    return port === undefined || port >= EPHEMERAL_FROM ? who : `${who}:${port}`;
  }

  #place({ netns }: Hop): string {
    return netns.name === undefined ? '?' : this.#withoutLab(netns.name);
  }

  #withoutLab(name: string): string {
    return name.replace(`lab-${this.#lab}-`, '');
  }

  #outcome({ outcome, complete, gaps, hops }: Journey): string {
    const whole = complete && gaps.length === 0 ? '' : ' (incomplete)';
    if (outcome.kind === 'consumed') return `consumed by ${outcome.by}${whole}`;
    if (outcome.kind !== 'dropped') return `${outcome.kind}${whole}`;
    const hook = outcome.hook === undefined ? '' : ` by ${outcome.hook}`;
    return `dropped in ${this.#place(hops[outcome.at]!)}${hook}, ${outcome.reason} in ${locationText(outcome.location)}${whole}`;
  }

  #link({ kind, role, journey }: JourneyLink): string {
    const other = this.#byId.get(journey)?.summary ?? 'what is not shown';
    const words = linkWords[kind]?.[role === 'parent' ? 0 : 1];
    return words === undefined ? `${kind} ${role} ${other}` : `${words} ${other}`;
  }
}

/** What a rule of nftables drops, older kernels (6.1) free where the hook was called. */
const locationText = (location: string) => (location === 'nf_hook_slow' ? 'nft_do_chain' : location);

/** [what it came from, what came from it] */
const linkWords: Partial<Record<JourneyLink['kind'], readonly [string, string]>> = {
  answer: ['answers', 'answered by'],
  error: ['is about', 'told by'],
  flood: ['copy of', 'copied to'],
  retransmit: ['repeats', 'repeated by'],
};

function wordsOf(hop: Hop): string[] {
  const changes = hop.changes.flatMap(change => changeText(change) ?? []);
  const isDevice = hop.layer === 'device' && hop.dev !== undefined;
  return isDevice ? [...changes, hop.dev!] : changes;
}

function changeText({ field, from = '', to = '', by }: Change): string | undefined {
  const rewrite = (isPicked: boolean) => `${by} ${withPort(from, isPicked)}→${withPort(to, isPicked)}`;
  if (field === 'src') return rewrite(by === 'masquerade' || by === 'snat');
  if (field === 'dst') return rewrite(by === 'unsnat');
  if (field === 'ttl') return `ttl ${to}`;
  if (field === 'encap') return to === '' ? 'unwrapped' : `wrapped (${to})`;
  return undefined;
}

/** A port that is picked by chance is told as a star. */
function withPort(end: string, isPicked: boolean): string {
  return end.replace(/:(\d+)$/, (_, port: string) =>
    isPicked || Number(port) >= EPHEMERAL_FROM ? ':*' : `:${port}`,
  );
}
