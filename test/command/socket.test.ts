/** A socket that was named is meant: where no daemon answers on it, that is an error. Where nobody named one, it is done without. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tracer, tracerWith } from './run-tracer.ts';

const dir = mkdtempSync(join(tmpdir(), 'tracer-socket-'));
afterAll(() => rmSync(dir, { recursive: true }));
const none = join(dir, 'none.sock');
const follow = ['follow', '10.244.1.5', '10.96.45.123', '-c', '1', '--timeout', '20s'];

describe('a named socket on which nobody answers', { timeout: 30_000 }, () => {
  test.each([
    ['--socket', [...follow, '--socket', none], {}, `no daemon answers on ${none}`],
    ['$TRACER_SOCKET', follow, { TRACER_SOCKET: none }, `no daemon answers on ${none} ($TRACER_SOCKET)`],
    ['explain --socket', ['explain', '1', '--socket', none], {}, `no daemon answers on ${none}`],
    ['explain', ['explain', '1'], { TRACER_SOCKET: none }, `no daemon answers on ${none} ($TRACER_SOCKET)`],
  ])('is an error: %s', async (_, args, env, message) => {
    const ran = await tracer(args, env);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr.split('\n')).toEqual([
      `tracer: error: ${message}`,
      expect.stringMatching(/hint: .*--standalone/),
    ]);
  });

  test('is an error that says why, where its token cannot be read', async () => {
    const odd = join(dir, 'odd.sock');
    mkdirSync(`${odd}.token`);
    const { stderr } = await tracer([...follow, '--socket', odd]);
    expect(stderr).toMatch(/the token of the daemon on .*odd\.sock cannot be read: EISDIR\n {2}hint: .*sudo/);
  });

  test('does not matter where none is wanted', async () => {
    for (const [args, env] of [
      [[...follow, '--standalone'], { TRACER_SOCKET: none }],
      [follow, { TRACER_SOCKET: 'none' }],
    ] as const)
      expect((await tracerWith('replays flannel-service-cross-node', args, env)).code).toBe(0);
  });
});

test('a socket and what is done without a daemon contradict each other', async () => {
  for (const option of [['--standalone'], ['--no-hooks'], ['-w', join(dir, 'a.tracer')]]) {
    const ran = await tracer([...follow, '--socket', none, ...option]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('--socket is about a daemon') });
  }
});
