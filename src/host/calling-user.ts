/** Under sudo, who called it: what is run and kept for them is theirs, not root's. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';

export interface CallingUser {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined where it is whoever runs this. */
export function callingUser(): CallingUser | undefined {
  const uid = Number(process.env.SUDO_UID);
  const gid = Number(process.env.SUDO_GID);
  return process.getuid?.() === 0 && uid > 0 && gid >= 0 ? { uid, gid } : undefined;
}

export function homeOfUser(user = callingUser()): string {
  if (user === undefined) return homedir();
  try {
    const rows = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map(row => row.split(':'));
    const home = rows.find(row => row[2] === String(user.uid))?.[5];
    if (home?.startsWith('/') === true && existsSync(home)) return home; // that of `nobody` is nowhere
  } catch {
    // no such file: as below
  }
  return homedir();
}
