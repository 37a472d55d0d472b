/** What is never looked at unless asked for: the ssh session that this is typed into, and the tracer's own API. */
import { readFileSync } from 'node:fs';

/** A TCP conversation between two ends, in either direction; absent = any. */
export interface OwnConversation {
  /** Cookie. */
  readonly netns?: string;
  readonly a: End;
  readonly b: End;
}

interface End {
  readonly ip?: string;
  readonly port?: number;
}

const ANCESTORS_MAX = 32;

/** As the ssh server says it: of this process, or of one above it, because sudo hides it. Undefined: there is none. */
export function sshSession(): OwnConversation | undefined {
  return parseSsh(process.env.SSH_CONNECTION) ?? sshAbove(process.ppid);
}

/** What a command typed here does not look at. */
export function ownSession(): OwnConversation[] {
  const ssh = sshSession();
  return ssh === undefined ? [] : [ssh];
}

/** "CLIENT PORT SERVER PORT". */
export function parseSsh(text: string | undefined): OwnConversation | undefined {
  const [clientIp, clientPort, serverIp, serverPort] = text?.split(' ') ?? [];
  if (clientIp === undefined || serverIp === undefined) return undefined;
  const a = { ip: clientIp, port: Number(clientPort) };
  const b = { ip: serverIp, port: Number(serverPort) };
  return [a, b].every(end => Number.isInteger(end.port) && /^[\da-f.:]+$/i.test(end.ip))
    ? { a, b }
    : undefined;
}

function sshAbove(pid: number): OwnConversation | undefined {
  for (let at = pid, n = 0; at > 1 && n < ANCESTORS_MAX; n++) {
    const told = readable(`/proc/${at}/environ`)
      .split('\0')
      .find(line => line.startsWith('SSH_CONNECTION='));
    if (told !== undefined) return parseSsh(told.slice('SSH_CONNECTION='.length));
    at = Number(/^PPid:\s*(\d+)/m.exec(readable(`/proc/${at}/status`))?.[1] ?? 0);
  }
  return undefined;
}

/** "" where it has ended, or is not ours to read. */
function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The collector's line. */
export function ownCommand({ netns = '0', a, b }: OwnConversation): string {
  const text = ({ ip = '0', port = 0 }: End): string => `${ip} ${port}`;
  return `own ${netns} ${text(a)} ${text(b)}`;
}
