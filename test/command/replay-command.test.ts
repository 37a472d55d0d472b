/** `tracer replay` of files that are not whole: what can be read is printed, and the exit code says that more could have been there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { recordedBytes } from '../golden/recordings.ts';
import { recorded } from '../helpers/sessions.ts';
import { type Ran, tracer } from './run-tracer.ts';

let whole: Uint8Array;
beforeAll(async () => {
  whole = await recorded(recordedBytes('flannel-service-cross-node'), { blockBytes: 2000, chunk: 500 });
});

function replayed(bytes: Uint8Array): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-replay-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'some.tracer');
  writeFileSync(file, bytes);
  return tracer(['replay', '-r', file, '-o', 'canonical']);
}

test('whole: 0', async () => {
  const { code, stderr } = await replayed(whole);
  expect(stderr).not.toMatch(/damaged|cut|no end/);
  expect(code).toBe(0);
});

test('a block that cannot be read: 5, and what it costs', async () => {
  const bytes = Uint8Array.from(whole);
  const magic = Buffer.from(bytes).lastIndexOf('TBLK', Math.floor(bytes.length * 0.9));
  bytes[magic + 40]! ^= 1;
  const { code, stdout, stderr } = await replayed(bytes);
  expect(stderr).toMatch(/the file is damaged: \S+ k?B make no sense/);
  expect(stdout).not.toBe('');
  expect(code).toBe(5);
});

test('cut within a block, and behind one: read as far as it goes', async () => {
  const last = Buffer.from(whole).lastIndexOf('TBLK');
  const within = await replayed(whole.slice(0, last + 30));
  expect(within.stderr).toMatch(/the recording was cut \(30 B of an unfinished block\)/);
  const behind = await replayed(whole.slice(0, last));
  expect(behind.stderr).toContain('the recording has no end: what was followed went on, or was killed');
  expect(behind.stdout).toBe(within.stdout);
  expect([within.code, behind.code]).toEqual([0, 0]);
});
