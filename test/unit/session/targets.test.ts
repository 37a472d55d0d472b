/** Files of sessions: when they come to be, whose they are, and what they replace. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fileTarget, lastSessionPath, lastSessionTarget } from '../../../src/session/targets.ts';

const dir = mkdtempSync(join(tmpdir(), 'tracer-targets-'));
afterAll(() => rmSync(dir, { recursive: true }));
const bytes = Buffer.from('some bytes');
const textOf = (path: string): string => readFileSync(path, 'utf8');

describe('the file of -w', () => {
  test('is for its owner alone, and holds what was written where it was written', async () => {
    const path = join(dir, 'new.tracer');
    const target = await fileTarget(path);
    await target.write(bytes, 0);
    await target.write(Buffer.from('BYTES'), 5);
    await target.close();
    expect(textOf(path)).toBe('some BYTES');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('keeps what it held until something is written, then nothing of it', async () => {
    const path = join(dir, 'old.tracer');
    writeFileSync(path, 'what an older following left, which was longer');
    const unused = await fileTarget(path);
    await unused.close();
    expect(textOf(path)).toContain('older');
    const target = await fileTarget(path);
    await target.write(bytes, 0);
    await target.close();
    expect(textOf(path)).toBe('some bytes');
  });

  test('of which nothing became is taken away', async () => {
    const path = join(dir, 'nothing.tracer');
    const target = await fileTarget(path);
    await target.close();
    expect(existsSync(path)).toBe(false);
  });

  test('that cannot be made is refused at once', async () => {
    await expect(fileTarget(join(dir, 'no', 'such', 'folder'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the last session', () => {
  test('comes to be with its first bytes, folders and all, and replaces the one before', async () => {
    const path = join(dir, 'state', 'tracer', 'last.tracer');
    for (const text of ['the first, which is longer', 'the second']) {
      const target = lastSessionTarget(path);
      expect(existsSync(path) && textOf(path) === text).toBe(false);
      await target.write(Buffer.from(text), 0);
      await target.close();
      expect(textOf(path)).toBe(text);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('writes through no link', async () => {
    const other = join(dir, 'somebody-elses');
    writeFileSync(other, 'untouched');
    const path = join(dir, 'linked.tracer');
    symlinkSync(other, path);
    const target = lastSessionTarget(path);
    await target.write(bytes, 0);
    await target.close();
    expect(textOf(other)).toBe('untouched');
    expect(textOf(path)).toBe('some bytes');
  });

  test('of two followings at once: each has its own file, and the later one the name', async () => {
    const path = join(dir, 'two.tracer');
    const earlier = lastSessionTarget(path);
    const later = lastSessionTarget(path);
    await earlier.write(Buffer.from('earlier'), 0);
    await later.write(Buffer.from('later'), 0);
    await earlier.write(Buffer.from(' and more'), 7);
    await Promise.all([earlier.close(), later.close()]);
    expect(textOf(path)).toBe('later');
  });

  test('is where XDG_STATE_HOME says', () => {
    expect(lastSessionPath()).toBe(join(process.env.XDG_STATE_HOME!, 'tracer', 'last.tracer'));
  });
});
