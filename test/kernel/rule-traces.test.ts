/** `--rules`: the kernel's own word on the rules that decided, and that nothing of ours stays in its rules, however it ends. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Journey } from '../../src/model/journey.ts';
import { RunningTracer, tracer } from '../helpers/cli.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { until } from '../helpers/processes.ts';

const lab = testLabName('trace');
const nodes = ['node-1', 'node-2', 'host'];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

async function ourTables(): Promise<string[]> {
  const listed = await Promise.all(nodes.map(node => inLab(lab, node, 'nft', 'list', 'tables')));
  return listed.flatMap(({ output }) => output.match(/tracer_\d+/g) ?? []);
}

/** Those that a run left behind would watch a namespace of this lab. */
function monitors(): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return /nft\0-nn\0monitor\0trace/.test(argv) && parentOf(pid) === 1;
    } catch {
      return false;
    }
  });
}

const parentOf = (pid: string): number =>
  Number(/^\d+ \(.*\) \w (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);

const following = ['--context', `lab:${lab}`, '--rules'];

it('agrees with what was computed, of a translation as of a drop', async () => {
  const runs = [
    await tracer([
      'follow',
      ...following,
      '-o',
      'json',
      'pod-a',
      'nginx-service',
      '--in',
      '--',
      'curl',
      '-sm9',
      'nginx-service',
    ]),
    await tracer([
      'follow',
      ...following,
      '-o',
      'json',
      'denied',
      'nginx-2',
      '--in',
      '--',
      'curl',
      '-sm1',
      '10.244.2.7:8080',
    ]),
  ];
  const [service = [], denied = []] = runs.map(({ stdout }) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .flatMap(line => (JSON.parse(line) as Journey).hops.flatMap(({ rule }) => rule ?? [])),
  );
  expect(service.map(({ chain }) => chain)).toContainEqual(expect.stringMatching(/^KUBE-SEP-/));
  expect(denied.map(({ chain }) => chain)).toContain('K8S-NWPLCY');
  expect([...service, ...denied].map(({ trace, basis }) => [trace, basis])).toEqual(
    [...service, ...denied].map(() => [{ kind: 'same' }, 'computed']),
  );
  expect(await ourTables()).toEqual([]);
});

it('leaves nothing when it is killed', async () => {
  const run = await RunningTracer.following([...following, 'pod-a', 'nginx-service']);
  expect(new Set(await ourTables()).size).toBe(1);
  await run.kill('SIGKILL');
  await until('its tables are gone', async () => (await ourTables()).length === 0, 10_000);
  await until('nothing monitors', () => monitors().length === 0, 10_000);
});
