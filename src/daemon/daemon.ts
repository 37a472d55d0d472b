/** `tracer daemon`: what it watches, and the doors to it. Whatever is opened is closed again in reverse order. */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TracerError } from '../base/errors.ts';
import { type OwnConversation, ownSession } from '../collect/own.ts';
import { nextSteps } from '../explain/next-steps.ts';
import { topologyOf } from '../inventory/topology.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { Control } from '../server/control.ts';
import { isAnswered } from '../server/listen.ts';
import { createServer } from '../server/server.ts';
import { recordingPath } from './recording.ts';
import { Scenarios } from './scenarios.ts';
import { defaultSocket, pageFolder, tokenPath } from './sockets.ts';
import { statsOf } from './stats.ts';
import { Watching, type WatchingOptions } from './watching.ts';

export interface DaemonOptions extends WatchingOptions {
  readonly socket: string;
  readonly listen: string;
  /** 0: any that is free. */
  readonly port: number;
}

export class Daemon {
  readonly #open: (() => Promise<void> | void)[] = [];
  #watching: Watching | undefined;
  #url = '';

  /** Attached and listening. @throws DAEMON_RUNNING, LISTEN, and what the collector cannot start for; then nothing is left open. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon();
    try {
      await daemon.#start(options);
    } catch (error) {
      await daemon.close();
      throw error;
    }
    return daemon;
  }

  /** Of the page, with the token that it needs. */
  get url(): string {
    return this.#url;
  }

  get session(): string {
    return this.#watching!.store.session;
  }

  follow(request: FollowRequest): ReturnType<Control['follow']> {
    return this.#watching!.follows.add(request);
  }

  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close();
  }

  async #start(options: DaemonOptions): Promise<void> {
    const { socket, listen, port } = options;
    if (await isAnswered(socket))
      throw new TracerError('DAEMON_RUNNING', `a daemon is listening on ${socket} already`);
    this.#makeFolder(dirname(socket));
    const api: OwnConversation[] = [];
    const watching = await Watching.start({
      ...options,
      recording: recordingPath(socket),
      collector: { ...options.collector, own: () => [...ownSession(), ...api] },
    });
    this.#watching = watching;
    this.#open.push(() => watching.stop());
    const token = leftToken(tokenPath(socket)) ?? randomBytes(24).toString('base64url');
    const server = createServer(controlOf(watching, options.kube?.context), watching.store, {
      token,
      hosts: [listen],
      page: pageFolder,
      onInternal: error =>
        options.note(error instanceof TracerError ? error.message : `a bug in tracer: ${stackOf(error)}`),
    });
    this.#open.push(() => server.close());
    const openPort = await server.listenTcp(listen, port);
    api.push({ a: { ip: listen, port: openPort }, b: {} });
    await server.listenSocket(socket);
    this.#open.push(() => rmSync(socket, { force: true }));
    this.#writeToken(tokenPath(socket), token);
    const host = listen.includes(':') ? `[${listen}]` : listen;
    this.#url = `http://${host}:${openPort}/#t=${token}`;
  }

  /** /run/tracer is everybody's to look into, for the practice cluster; what is in it has its own mode. */
  #makeFolder(path: string): void {
    const made = mkdirSync(path, { recursive: true, mode: 0o755 });
    if (made === undefined || path !== dirname(defaultSocket)) return;
    this.#open.push(() => {
      try {
        rmdirSync(path);
      } catch {
        // a lab is in it
      }
    });
  }

  #writeToken(path: string, token: string): void {
    rmSync(path, { force: true }); // whoever has it open reads no more than the old one
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
    this.#open.push(() => rmSync(path, { force: true }));
  }
}

function controlOf(watching: Watching, context: string | undefined): Control {
  const { follows, store, pipeline } = watching;
  const scenarios = new Scenarios({
    follow: request => follows.add(request),
    unfollow: id => watching.unfollow(id),
    seq: () => store.seq,
    ...(context === undefined ? {} : { context }),
  });
  return {
    session: store.session,
    isReady: () => watching.isReady,
    stats: () => statsOf(watching),
    nextSteps,
    topology: () => topologyOf(pipeline.names),
    follows: () => follows.list(),
    follow: request => follows.add(request),
    unfollow: id => watching.unfollow(id),
    lab: () => scenarios.offer(),
    runScenario: name => scenarios.run(name),
    sessionFile: () => watching.recording!.read(),
  };
}

/** Of a daemon that crashed: pages and programs that were let in still are. Nobody else can have written it. */
function leftToken(path: string): string | undefined {
  try {
    const { mode, uid } = lstatSync(path);
    const isOurs = (mode & 0o170777) === 0o100600 && uid === process.getuid?.();
    return isOurs ? /^[\w-]{32}$/m.exec(readFileSync(path, 'utf8'))?.[0] : undefined;
  } catch {
    return undefined;
  }
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
