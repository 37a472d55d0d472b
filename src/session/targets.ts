/** Where sessions are written to: a file, the file of the last session, a stream. */
import { constants } from 'node:fs';
import { chown, type FileHandle, mkdir, open, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { callingUser, homeOfUser } from '../host/calling-user.ts';

export interface Target {
  /** For people. */
  readonly name: string;
  /** `position` counts where there are positions; a stream only goes on. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Takes back what was written behind it. */
  cutAt(position: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opened at once, so that what cannot be written is said before anything starts; what it held before goes with the first block, and a
 * file of which nothing became is taken away. Readable by its owner alone: under sudo, who called it.
 */
export async function fileTarget(path: string): Promise<Target> {
  const isNew = await stat(path).then(
    () => false,
    () => true,
  );
  const file = await open(path, constants.O_CREAT | constants.O_RDWR, 0o600);
  const owner = callingUser();
  if (isNew && owner !== undefined) await file.chown(owner.uid, owner.gid).catch(() => {});
  const { write, cutAt, close } = handleTarget(path, file);
  const isRegular = (await file.stat()).isFile();
  let isEmpty = true;
  return {
    name: path,
    write: async (bytes, position) => {
      if (isEmpty && isRegular) await file.truncate(0);
      isEmpty = false;
      await write(bytes, position);
    },
    cutAt: async position => {
      if (isRegular) await cutAt(position);
    },
    close: async () => {
      await close();
      if (isEmpty && isNew) await unlink(path);
    },
  };
}

/**
 * Replaces the last session. Its file is made with the first block: a following that never began leaves the one before. Two at once
 * each write theirs, and the later one has the name.
 */
export function lastSessionTarget(path = lastSessionPath()): Target {
  let file: Promise<Target> | undefined;
  const target = (): Promise<Target> => {
    file ??= makeLast(path);
    return file;
  };
  return {
    name: path,
    write: async (bytes, position) => (await target()).write(bytes, position),
    cutAt: async position => (await target()).cutAt(position),
    close: async () => (await file?.catch(() => undefined))?.close(),
  };
}

async function makeLast(path: string): Promise<Target> {
  const owner = callingUser();
  const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (made !== undefined && owner !== undefined) {
    for (let dir = dirname(path); dir.length >= made.length; dir = dirname(dir))
      await chown(dir, owner.uid, owner.gid);
  }
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  for (let tries = 0; ; tries++) {
    await unlink(path).catch(() => {});
    try {
      const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      return handleTarget(path, file);
    } catch (error) {
      // Another following made its own meanwhile.
      if (tries === 10 || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function handleTarget(name: string, file: FileHandle): Target {
  return {
    name,
    write: async (bytes, position) => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    cutAt: position => file.truncate(position),
    close: () => file.close(),
  };
}

/** Ends quietly when its reader goes away, as everything that writes to a pipe. */
export function streamTarget(name: string, stream: Writable): Target {
  return {
    name,
    write: bytes =>
      new Promise((resolve, reject) => {
        stream.write(bytes, error => (error ? reject(error) : resolve()));
      }),
    cutAt: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Under sudo the state of the user who called it. */
export function lastSessionPath(): string {
  const state = process.env.XDG_STATE_HOME;
  const folder = state?.startsWith('/') === true ? state : join(homeOfUser(), '.local', 'state');
  return join(folder, 'tracer', 'last.tracer');
}
