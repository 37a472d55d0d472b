/**
 * What a recording must begin with so that names resolve in what follows: the newest of everything that is said once and holds on. Kept
 * for files whose beginning is dropped, and for what follows a piece that could not be written.
 */
import type { HelloFrame, ProcessSighting } from '../model/event.ts';
import type { ClusterFrame, InventoryFrame } from '../model/inventory.ts';
import type { RulesetSnapshot } from '../model/ruleset-snapshot.ts';
import type { SessionNote } from '../model/session.ts';
import { WholeCluster } from '../model/whole-cluster.ts';
import type { Frame } from '../wire/decode.ts';
import { jsonFrame, processFrame } from './encode.ts';

/** Of the newest sockets; those of older ones have most likely gone. */
const PROCESSES_MAX = 4096;

export class Snapshot {
  #hello: HelloFrame | undefined;
  #follow: SessionNote | undefined;
  #readsRules: SessionNote | undefined;
  #tracesRules: SessionNote | undefined;
  /** By namespace, with their content. */
  readonly #rules = new Map<string, RulesetSnapshot>();
  readonly #inventory = new Map<string, InventoryFrame>();
  readonly #clusters = new Map<string, WholeCluster>();
  readonly #symbols = new Map<number, string>();
  readonly #processes = new Map<number, ProcessSighting>();

  note(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
        // Of another collector in the same session: times go on by the clock of the first.
        this.#hello = this.#hello === undefined ? frame.hello : { ...frame.hello, clock: this.#hello.clock };
        break;
      case 'inventory':
        if ('gone' in frame.inventory) {
          this.#inventory.delete(frame.inventory.cookie);
          this.#rules.delete(frame.inventory.cookie);
        } else this.#inventory.set(frame.inventory.cookie, frame.inventory);
        break;
      case 'cluster':
        this.#cluster(frame.cluster);
        break;
      case 'symbol':
        this.#symbols.set(frame.address, frame.name);
        break;
      case 'process':
        this.#process(frame.process);
        break;
      case 'note':
        this.#note(frame.note);
        break;
      default:
        break;
    }
  }

  #note(note: SessionNote): void {
    if (note.kind === 'follow') this.#follow = note;
    else if (note.kind === 'reads-rules') this.#readsRules = note;
    else if (note.kind === 'traces-rules') this.#tracesRules = note;
    else if (note.kind === 'rules') {
      const { cookie, sources } = note.rules;
      const before = this.#rules.get(cookie)?.sources;
      const kept = sources ?? before;
      this.#rules.set(cookie, { ...note.rules, ...(kept === undefined ? {} : { sources: kept }) });
    }
  }

  get hello(): HelloFrame | undefined {
    return this.#hello;
  }

  /** Read by a new reader, they are the state of now. */
  frames(): Uint8Array[] {
    const hello = this.#hello;
    if (hello === undefined) return [];
    const baseNs = BigInt(hello.clock.monotonicNs);
    return [
      ...[...this.#clusters.values()].flatMap(({ snapshot }) =>
        snapshot === undefined ? [] : jsonFrame('cluster', snapshot),
      ),
      ...[...this.#inventory.values()].map(inventory => jsonFrame('inventory', inventory)),
      jsonFrame('hello', hello),
      ...(this.#readsRules === undefined ? [] : [jsonFrame('note', this.#readsRules)]),
      ...(this.#tracesRules === undefined ? [] : [jsonFrame('note', this.#tracesRules)]),
      ...(this.#follow === undefined ? [] : [jsonFrame('note', this.#follow)]),
      ...this.#again(baseNs),
    ];
  }

  /** What holds on, without what a reader has already. */
  renewal(): Uint8Array[] {
    const inventory = [...this.#inventory.values()].map(each => jsonFrame('inventory', each));
    return this.#hello === undefined
      ? []
      : [...inventory, ...this.#again(BigInt(this.#hello.clock.monotonicNs))];
  }

  #again(baseNs: bigint): Uint8Array[] {
    return [
      ...[...this.#rules.values()].map(rules => jsonFrame('note', { kind: 'rules', rules })),
      ...[...this.#symbols].map(([address, name]) => jsonFrame('symbol', { address: String(address), name })),
      ...[...this.#processes.values()].map(sighting => processFrame(sighting, baseNs)),
    ];
  }

  #cluster(frame: ClusterFrame): void {
    const cluster = this.#clusters.get(frame.name) ?? new WholeCluster();
    this.#clusters.set(frame.name, cluster);
    cluster.apply(frame);
  }

  #process(sighting: ProcessSighting): void {
    this.#processes.delete(sighting.sk); // to the end, as the newest
    this.#processes.set(sighting.sk, sighting);
    if (this.#processes.size > PROCESSES_MAX) this.#processes.delete(this.#processes.keys().next().value!);
  }
}
