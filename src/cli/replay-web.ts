/** `tracer replay -r FILE --web`: a recording on the same page as live packets. Needs no root. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { TracerError } from '../base/errors.ts';
import { Replayed, type ReplayedOptions } from '../daemon/replayed.ts';
import { pageFolder } from '../daemon/sockets.ts';
import { createServer, type Server } from '../server/server.ts';
import { openSession } from '../session/open-session.ts';
import { counted } from '../words/counts.ts';

const HOST = '127.0.0.1';

export interface ReplayWebOptions extends Omit<ReplayedOptions, 'path'> {
  /** 0: any that is free. */
  readonly port: number;
}

const note = (text: string): void => void process.stderr.write(`tracer: ${text}\n`);

/** Until it is told to end. @throws SESSION_FILE, SESSION_FORMAT, NOT_BUILT, LISTEN. */
export async function replayWeb(path: string, { port, ...options }: ReplayWebOptions): Promise<void> {
  if (!existsSync(`${pageFolder}/index.html`)) throw new TracerError('NOT_BUILT', 'the page was not built');
  const stop = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.resolve());
  const session = await openSession(path);
  try {
    const replayed = await Replayed.read(session, { ...options, path });
    const { journeys, flows } = replayed.store.counts;
    const { facts, name, damage } = session;
    note(
      `${name}, recorded ${facts.startedAt}: ${counted(journeys, 'packet')}, ${counted(flows, 'conversation')}`,
    );
    if (damage.bytes > 0 || damage.blocks > 0)
      note('the file is damaged: what was under way there is marked incomplete');
    const token = randomBytes(24).toString('base64url');
    const server = createServer(replayed.control, replayed.store, {
      token,
      page: pageFolder,
      onInternal: error => note(`a bug in tracer: ${error instanceof Error ? error.stack : String(error)}`),
    });
    await serve(server, port, token, stop.promise);
  } finally {
    await session.close();
  }
}

async function serve(server: Server, port: number, token: string, stopped: Promise<void>): Promise<void> {
  try {
    const open = await server.listenTcp(HOST, port);
    note(`the page: http://${HOST}:${open}/#t=${token} (Ctrl-C ends it)`);
    await stopped;
  } finally {
    await server.close();
  }
}
