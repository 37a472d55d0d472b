/** Where a daemon is found. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const defaultSocket = '/run/tracer/tracer.sock';
export const defaultPort = 7077;
const NONE = 'none';

/** `--socket`, else $TRACER_SOCKET, else the one that everybody uses. */
export function socketPath(option: string | undefined): string {
  return askedSocket(option) ?? defaultSocket;
}

/** Undefined: nobody said which, and where none answers it is done without. */
export function askedSocket(option: string | undefined): string | undefined {
  const { TRACER_SOCKET: variable = '' } = process.env;
  return option ?? (['', NONE].includes(variable) ? undefined : variable);
}

/** $TRACER_SOCKET says that no daemon is to be asked. */
export function isWithoutDaemon(option: string | undefined): boolean {
  return option === undefined && process.env.TRACER_SOCKET === NONE;
}

/** Each daemon has a token of its own, beside its socket. */
export function tokenPath(socket: string): string {
  return socket === defaultSocket ? join(defaultSocket, '..', 'token') : `${socket}.token`;
}

/** Where the page was built to, seen from src as from dist. */
export const pageFolder = fileURLToPath(new URL('../../dist/web', import.meta.url));
