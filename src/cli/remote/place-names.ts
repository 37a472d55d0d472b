/** How a person calls the namespace of a hop, as the daemon knows it. */
import type { Hop, Journey } from '../../model/journey.ts';
import type { Topology } from '../../model/topology.ts';
import type { DaemonClient } from './daemon-client.ts';

export class PlaceNames {
  readonly #client: DaemonClient;
  /** By cookie. */
  #labels = new Map<string, string>();
  /** Likewise. */
  readonly #clusters = new Map<string, string>();
  #ips = new Set<string>();

  constructor(client: DaemonClient) {
    this.#client = client;
  }

  async load(): Promise<void> {
    const { places } = await this.#client.get<Topology>('/api/topology');
    for (const { id, netns, name, cluster } of places) {
      if (netns === undefined || id !== `netns:${netns}`) continue;
      this.#labels.set(netns, name);
      if (cluster !== undefined) this.#clusters.set(netns, cluster);
    }
    this.#ips = new Set(places.flatMap(({ addresses = [] }) => addresses.map(ip => ip.replace(/\/.*/, ''))));
  }

  /** Namespaces that came since are asked for once: what the daemon does not know either keeps its number. */
  async learn(journeys: readonly Journey[]): Promise<void> {
    const cookies = new Set(journeys.flatMap(({ hops }) => hops.map(({ netns }) => netns.cookie)));
    const unknown = [...cookies].filter(cookie => !this.#labels.has(cookie));
    if (unknown.length === 0) return;
    await this.load();
    for (const cookie of unknown) if (!this.#labels.has(cookie)) this.#labels.set(cookie, `netns ${cookie}`);
  }

  clusterOf(netns: string): string | undefined {
    return this.#clusters.get(netns);
  }

  label({ netns, node }: Hop): string {
    return this.#labels.get(netns.cookie) ?? netns.name ?? node ?? `netns ${netns.cookie}`;
  }

  /** Does a device of this machine have this address? */
  owns(ip: string): boolean {
    return this.#ips.has(ip);
  }
}
