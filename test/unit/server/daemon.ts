/** A server as the daemon starts it, with recorded journeys in its store and a runtime that does what it is told. */
import { Readable } from 'node:stream';
import { TracerError } from '../../../src/base/errors.ts';
import { nextSteps } from '../../../src/explain/next-steps.ts';
import { select } from '../../../src/inventory/selectors.ts';
import { topologyOf } from '../../../src/inventory/topology.ts';
import type { FollowRequest } from '../../../src/model/follow.ts';
import type { Stats } from '../../../src/model/stats.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { Control, Follow, LabOffer, ScenarioRun } from '../../../src/server/control.ts';
import { createServer, type Server, type ServerOptions } from '../../../src/server/server.ts';
import { JourneyStore } from '../../../src/store/journey-store.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { type Replay, replay } from '../../golden/replay.ts';

export const TOKEN = 'a-token-of-the-tests';
export const bearer = { authorization: `Bearer ${TOKEN}` };

/** The part of the daemon that knows the kernel. */
export class Runtime implements Control {
  readonly session: string;
  isAttached = true;
  isRecording = true;
  readonly ran: string[] = [];
  readonly #replay: Replay;
  readonly #store: JourneyStore;
  readonly #follows = new Map<string, Follow>();

  constructor(recorded: Replay, store: JourneyStore) {
    this.session = store.session;
    this.#replay = recorded;
    this.#store = store;
  }

  isReady(): boolean {
    return this.isAttached;
  }

  stats(): Stats {
    const { events, suspectJoins, lateEvents, lost } = this.#replay.pipeline.correlator.stats;
    const { journeys, closed, open, evictedJourneys } = this.#store.counts;
    return {
      session: this.session,
      startedAt: '2026-11-20T10:00:00.000000000Z',
      startNs: this.#replay.pipeline.hello!.clock.monotonicNs,
      host: { kernel: '6.18.0', machine: 'x86_64', cpus: 2 },
      taps: [
        { name: 'net_dev_queue', mechanism: 'tp_btf', state: 'on', events, lost },
        { name: 'nf_hook_slow', mechanism: 'fexit', state: 'refused', reason: 'no BTF', events: 0, lost: 0 },
      ],
      events: {
        seen: events + lost + 7,
        filtered: { own: 3, sampled: 4 },
        lost,
        malformed: 0,
        unaccounted: 0,
      },
      journeys: { closed, open, kept: journeys, evicted: evictedJourneys, filtered: 5 },
      recording: { storedBytes: 1000, skippedFrames: 6, skippedEvents: 2 },
      suspectJoins,
      lateEvents,
    };
  }

  nextSteps = nextSteps;

  topology(): Topology {
    return topologyOf(this.#replay.pipeline.names);
  }

  follows(): readonly Follow[] {
    return [...this.#follows.values()];
  }

  async follow(request: FollowRequest): Promise<Follow> {
    const { names } = this.#replay.pipeline;
    if (request.src === 'bug') throw new Error('secret of the inside');
    const follow: Follow = {
      ...request,
      id: String(this.#follows.size + 1),
      since: '2026-11-20T10:00:00.000Z',
      followers: 1,
      target: { src: select(request.src, names), dst: select(request.dst, names), dnsIps: [] },
    };
    this.#follows.set(follow.id, follow);
    return follow;
  }

  async unfollow(id: string): Promise<boolean> {
    return this.#follows.delete(id);
  }

  lab(): LabOffer {
    return {
      clusters: ['lab:golden'],
      scenarios: [{ name: 'same-node', title: 'Two pods', before: 'See.', after: 'Seen.' }],
    };
  }

  async runScenario(name: string): Promise<ScenarioRun> {
    if (name === 'no-lab') throw new TracerError('LAB_NOT_UP', 'no lab is up');
    if (name === 'fails') throw new TracerError('LAB_FAILED', 'its traffic ended with 7');
    this.ran.push(name);
    const follow = await this.follow({ src: 'pod-a', dst: 'nginx-1', cluster: 'lab:golden' });
    await this.unfollow(follow.id);
    return { name, cluster: 'lab:golden', since: 3, follow };
  }

  async sessionFile(): Promise<Readable> {
    if (!this.isRecording) throw new TracerError('SESSION_FORMAT', 'this daemon keeps no recording');
    return Readable.from([Buffer.from('TRACER'), Buffer.alloc(100_000)]);
  }
}

export interface Daemon {
  readonly store: JourneyStore;
  readonly runtime: Runtime;
  readonly server: Server;
  readonly recorded: Replay;
}

export const RECORDING = 'flannel-service-cross-node';

export function daemon(options: Partial<ServerOptions> = {}, recording = RECORDING): Daemon {
  const recorded = replay(recordedBytes(recording));
  const store = new JourneyStore({ session: recorded.journeys[0]!.session });
  for (const journey of recorded.journeys) store.put(journey);
  const runtime = new Runtime(recorded, store);
  const server = createServer(runtime, store, { token: TOKEN, ...options });
  return { store, runtime, server, recorded };
}
