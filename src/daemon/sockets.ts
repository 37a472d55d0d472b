/** Where a daemon is found. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const defaultSocket = '/run/tracer/tracer.sock';
export const defaultPort = 7077;

/** `--socket`, else $TRACER_SOCKET, else the one that everybody uses. */
export function socketPath(option: string | undefined): string {
  return option ?? process.env.TRACER_SOCKET ?? defaultSocket;
}

/** Each daemon has a token of its own, beside its socket. */
export function tokenPath(socket: string): string {
  return socket === defaultSocket ? join(defaultSocket, '..', 'token') : `${socket}.token`;
}

/** Where the page was built to, seen from src as from dist. */
export const pageFolder = fileURLToPath(new URL('../../dist/web', import.meta.url));
