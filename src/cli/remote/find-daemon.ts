/** Is there a daemon? What is needed to talk to one is loaded only then: it takes longer than to see that there is none. */
import { existsSync } from 'node:fs';
import { tokenPath } from '../../daemon/sockets.ts';
import type { DaemonClient } from './daemon-client.ts';

/** Undefined: nobody answers there, or it is not ours to ask. */
export async function findDaemon(socket: string): Promise<DaemonClient | undefined> {
  if (!existsSync(tokenPath(socket))) return undefined;
  const { DaemonClient } = await import('./daemon-client.ts');
  return DaemonClient.find(socket);
}
