/** Where a daemon is found. */
import { join } from 'node:path';

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
