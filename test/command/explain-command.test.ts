/** `tracer explain` and `tracer diff` as a user runs them, from recordings and from the last session. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JourneyDiff } from '../../src/explain/diff/journey-diff.ts';
import type { Journey } from '../../src/model/journey.ts';
import { recordedBytes } from '../golden/recordings.ts';
import { replay } from '../golden/replay.ts';
import { recorded } from '../helpers/sessions.ts';
import { type Ran, tracer } from './run-tracer.ts';

const dir = mkdtempSync(join(tmpdir(), 'tracer-explain-'));
const state = join(dir, 'state');
const file = (name: string) => join(dir, `${name}.tracer`);
const drops = 'flannel-policy-drop';
const service = 'flannel-service-cross-node';

beforeAll(async () => {
  for (const name of [drops, service]) writeFileSync(file(name), await recorded(recordedBytes(name)));
  mkdirSync(join(state, 'tracer'), { recursive: true });
  writeFileSync(join(state, 'tracer', 'last.tracer'), await recorded(recordedBytes(service)));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Nobody listens there. */
const env = { TRACER_SOCKET: 'none', XDG_STATE_HOME: state };
const run = (...args: string[]): Promise<Ran> => tracer(args, env);

describe('explain', () => {
  test('of a recording: the journey as it was followed', async () => {
    const { code, stdout } = await run('explain', '8', '-r', file(drops), '-o', 'json');
    expect(code).toBe(0);
    const { session: _, ...journey } = JSON.parse(stdout) as Journey;
    const { session: __, ...live } = replay(recordedBytes(drops)).journeys.find(({ id }) => id === '8')!;
    expect(journey).toEqual(JSON.parse(JSON.stringify(live)));
  });

  test('for a person, with what came of the conversation', async () => {
    const { code, stdout } = await run('explain', '#8', '-r', file(drops));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^#8 SYN$/m);
    expect(stdout).toContain('✗ DROPPED NETFILTER_DROP in FORWARD: a firewall rule decided so');
    expect(stdout).toContain('conversation: ✗ denied:57862 → nginx-2:8080: dropped');
  });

  test('without -r and a daemon: of the last session', async () => {
    const { code, stdout, stderr } = await run('explain', '1');
    expect(stderr).toMatch(/^tracer: packet #1 in the last session \(session \w+\)$/);
    expect([code, stdout.split('\n')[1]]).toEqual([0, '  pod-a:49460 → nginx-service:80 → nginx-2:8080']);
  });

  test('of what is no number is a wrong use', async () => {
    expect(await run('explain', 'abc')).toMatchObject({ code: 2, stderr: expect.stringContaining('number') });
  });

  test('of a packet that is not there says which are', async () => {
    const ran = await run('explain', '99', '-r', file(drops));
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toBe(
      `tracer: error: there is no packet #99 in ${file(drops)}\n  hint: there are 1 to 9`,
    );
  });

  test('where nothing was followed yet says so', async () => {
    const ran = await tracer(['explain', '1'], { ...env, XDG_STATE_HOME: join(dir, 'empty') });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('nothing was followed yet');
    expect(ran.stderr).toContain('hint: tracer follow makes one');
  });

  test('of what is no session says so', async () => {
    writeFileSync(join(dir, 'x'), 'no session');
    expect((await run('explain', '1', '-r', join(dir, 'x'))).code).toBe(1);
    expect((await run('explain')).code).toBe(2);
  });
});

describe('diff', () => {
  test('of two recordings, for a person and as JSON', async () => {
    const files = ['-r', file(drops), '-r', file(service)];
    const text = await run('diff', '8', '1', ...files);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain('≠  another end');
    const diff = JSON.parse((await run('diff', '8', '1', ...files, '-o', 'json')).stdout) as JourneyDiff;
    expect(diff).toMatchObject({ a: '8', b: '1', outcome: { b: 'delivered' } });
  });

  test('of one, and of the last session', async () => {
    expect((await run('diff', '1', '1', '-r', file(service))).stdout).toContain('Both went the same way');
    expect((await run('diff', '1', '3')).code).toBe(0);
  });

  test('says which of the two is not there', async () => {
    const { code, stderr } = await run('diff', '1', '77', '-r', file(service));
    expect([code, stderr.split('\n')[0]]).toEqual([
      1,
      `tracer: error: there is no packet #77 in ${file(service)}`,
    ]);
    expect((await run('diff', '1', '2', '-r', 'a', '-r', 'b', '-r', 'c')).code).toBe(2);
  });
});
