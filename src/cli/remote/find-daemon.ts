/** Is there a daemon? What is needed to talk to one is loaded only then: it takes longer than to see that there is none. */
import { readFileSync } from 'node:fs';
import { TracerError } from '../../base/errors.ts';
import { askedSocket, defaultSocket, isWithoutDaemon, tokenPath } from '../../daemon/sockets.ts';
import type { DaemonClient } from './daemon-client.ts';

/**
 * `option`: of --socket. Undefined: nobody answers where everybody looks, or it is not ours to ask.
 * @throws DAEMON_GONE where nobody answers on a socket that was named, by --socket or $TRACER_SOCKET.
 */
export async function findDaemon(option: string | undefined): Promise<DaemonClient | undefined> {
  if (isWithoutDaemon(option)) return undefined;
  const asked = askedSocket(option);
  const socket = asked ?? defaultSocket;
  let token: string;
  try {
    token = readFileSync(tokenPath(socket), 'utf8').trim();
  } catch (cause) {
    if (asked === undefined) return undefined;
    throw notThere(socket, option, cause as NodeJS.ErrnoException);
  }
  const { DaemonClient } = await import('./daemon-client.ts');
  const daemon = await DaemonClient.find(socket, token);
  if (daemon === undefined && asked !== undefined) throw notThere(socket, option);
  return daemon;
}

function notThere(socket: string, option: string | undefined, cause?: NodeJS.ErrnoException): TracerError {
  const by = option === undefined ? ' ($TRACER_SOCKET)' : '';
  if (cause !== undefined && cause.code !== 'ENOENT')
    return new TracerError(
      'DAEMON_GONE',
      `the token of the daemon on ${socket}${by} cannot be read: ${cause.code}`,
      {
        hint: 'run it with sudo: only root may ask the daemon',
        cause,
      },
    );
  return new TracerError('DAEMON_GONE', `no daemon answers on ${socket}${by}`, {
    hint: 'tracer daemon --socket starts one there; tracer follow --standalone does without',
    ...(cause === undefined ? {} : { cause }),
  });
}
