/** A packet that was followed is explained by its number: from the daemon that followed it, and from the last session. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Journey } from '../../src/model/journey.ts';
import { tracer } from '../helpers/cli.ts';
import { RunningDaemon } from '../helpers/daemon.ts';
import { testLabName } from '../helpers/lab.ts';

const lab = testLabName('exsrc');
const state = mkdtempSync(join(tmpdir(), 'tracer-state-'));
const env = { XDG_STATE_HOME: state };
const request = ['--context', `lab:${lab}`, 'denied', 'nginx-2', '-o', 'json', '--in', '--'];
const curl = ['curl', '-sm1', 'http://10.244.2.7:8080/'];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
  rmSync(state, { recursive: true });
});

const dropped = (stdout: string): Journey =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Journey)
    .find(({ outcome }) => outcome.kind === 'dropped')!;

it('of the last session, byte for byte as it was printed', async () => {
  const followed = await tracer(['follow', '--standalone', ...request, ...curl], { env });
  const live = dropped(followed.stdout);
  const again = await tracer(['explain', live.id, '-o', 'json'], {
    env: { ...env, TRACER_SOCKET: 'none' },
  });
  expect(again.stdout).toBe(`${JSON.stringify(live)}\n`);
});

it('of the daemon', async () => {
  const daemon = await RunningDaemon.start(['--context', 'lab:none']);
  const at = ['--socket', daemon.socket];
  const { id } = dropped((await tracer(['follow', ...at, ...request, ...curl], { env })).stdout);
  const { stdout, code } = await tracer(['explain', id, ...at], { env });
  expect(code).toBe(0);
  expect(stdout).toContain('✗ DROPPED NETFILTER_DROP in FORWARD');
  expect(stdout).toMatch(/^conversation: ✗ denied:\d+ → nginx-2:8080: dropped/m);
  expect((await tracer(['diff', id, id, ...at], { env })).stdout).toContain('Both went the same way');
  const gone = await tracer(['explain', '999999', ...at], { env });
  expect(gone.code).toBe(1);
  expect(gone.stderr).toMatch(/there is no packet #999999 in the daemon\n {2}hint: there are \d+ to \d+/);
});
