/** Listening on a port, or on a unix socket that nobody else may open. */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions, type Server } from 'node:net';
import { TracerError } from '../base/errors.ts';

export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** @throws LISTEN. */
export async function listenOn(server: Server, place: Place): Promise<void> {
  try {
    await begin(server, place);
  } catch (cause) {
    if (!('path' in place) || codeOf(cause) !== 'EADDRINUSE') throw refused(place, cause);
    if (!isSocket(place.path) || (await isAnswered(place.path))) throw refused(place, cause);
    try {
      unlinkSync(place.path);
      await begin(server, place);
    } catch (again) {
      throw refused(place, again);
    }
  }
}

function begin(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const options: ListenOptions = 'path' in place ? { path: place.path } : { ...place };
    // The socket is made within this call: there is no moment in which others could open it.
    const mask = 'path' in place ? process.umask(0o177) : undefined;
    try {
      server.listen(options, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
  });
}

/** Connecting to any other file is refused too, and that is not ours to remove. */
const isSocket = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;

/** Does a living daemon listen there? What a dead one left refuses. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const done = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', done(true)).once('error', done(false));
  });
}

function refused(place: Place, cause: unknown): TracerError {
  const where = 'path' in place ? place.path : `${place.host}:${place.port}`;
  return new TracerError('LISTEN', `cannot listen on ${where}: ${codeOf(cause) ?? String(cause)}`, { cause });
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
