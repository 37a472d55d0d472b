/** What is missing or mistyped is said with a hint and the right exit code, before anything is attached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { RunningTracer, tracer } from '../helpers/cli.ts';
import { testLabName } from '../helpers/lab.ts';

const lab = testLabName('start');
const follow = (...args: string[]) => tracer(['follow', '--context', `lab:${lab}`, ...args]);

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

/** The shape of every message: what, then what to do. */
function message(what: RegExp, hint: RegExp): RegExp {
  return new RegExp(`^tracer: error: ${what.source}.*\\n {2}hint: ${hint.source}`, 'm');
}

describe('a host that lacks something', () => {
  it('not root: says so', async () => {
    const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const result = await tracer(['follow', 'any', 'any'], { under });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*only root/, /.*sudo/));
  });

  it('no collector built: says how to build it', async () => {
    const result = await tracer(['follow', 'any', 'any'], { env: { TRACER_COLLECTOR: '/nonexistent' } });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*not been built/, /.*npm run setup/));
  });

  it('a collector that is no program: says why it did not start', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tracer-survive-'));
    const file = join(dir, 'collector');
    writeFileSync(file, 'text', { mode: 0o644 });
    const result = await tracer(['follow', 'any', 'any'], { env: { TRACER_COLLECTOR: file } });
    rmSync(dir, { recursive: true });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*EACCES/, /\S/));
  });

  it('no BTF: names it and the kernel option', async () => {
    const under = ['unshare', '-m', 'sh', '-c', 'mount -n -t tmpfs tmpfs /sys/kernel/btf && exec "$@"', '-'];
    const result = await tracer(['follow', 'any', 'any'], { under });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*BTF/, /.*CONFIG_DEBUG_INFO_BTF/));
  });
});

describe('names', () => {
  it('an unknown one: 2, and what is like it', async () => {
    const result = await follow('pod-z', 'any');
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message(/.*"pod-z"/, /.*pod-a/));
  });

  it('an ambiguous one: 2, and the candidates', async () => {
    const result = await follow('pod-a', 'nginx');
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message(/.*"nginx".*nginx-1.*nginx-2.*nginx-3/, /.*in full/));
  });

  it('one that two clusters have: 2 and both, unless one of them is named', async () => {
    const other = testLabName('start2');
    await labUp({ name: other });
    const result = await tracer(['follow', 'pod-a', 'any']);
    const named = await tracer(['follow', `lab:${other}:default/pod-a`, 'any', '--timeout', '10ms']);
    await labDown({ name: other });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`lab:${lab}:default/pod-a`);
    expect(result.stderr).toContain(`lab:${other}:default/pod-a`);
    expect(named.code).toBe(3);
  });
});

describe('arguments', () => {
  it.each([
    [['-p', '65536', 'any', 'any'], /1 to 65535/],
    [['-p', '0', 'any', 'any'], /1 to 65535/],
    [['-p', 'http', 'any', 'any'], /1 to 65535/],
    [['-c', '-1', 'any', 'any'], /whole number/],
    [['--timeout', 'soon', 'any', 'any'], /500ms/],
    [['--proto', 'quic', 'any', 'any'], /udp/],
    [['-o', 'xml', 'any', 'any'], /json/],
    [['any'], /DST/],
    [['any', 'any', '--wat'], /--wat/],
    [['any', '10.0.0.0/33'], /10\.0\.0\.0\/33/],
  ])('%j: 2 and what it takes', async (args, says) => {
    const result = await tracer(['follow', ...args]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message(new RegExp(`.*${says.source}`), /\S/));
  });

  it('an unknown command: 2', async () => {
    const result = await tracer(['folow', 'any', 'any']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message(/.*folow/, /.*--help/));
  });

  it('--in without a command, or where SRC is no one place: 2', async () => {
    expect(await follow('pod-a', 'any', '--in')).toMatchObject({ code: 2, stdout: '' });
    const any = await follow('any', 'any', '--in', '--', 'true');
    expect(any).toMatchObject({ code: 2, stdout: '' });
    expect(any.stderr).toMatch(message(/.*"any"/, /.*pod/));
  });
});

it.each([['--help'], ['schema'], ['follow', '--help']])('%s into a closed pipe is quiet', async (...args) => {
  const run = new RunningTracer(args);
  run.closeStdout();
  expect((await run.ended).stderr).toBe('');
});

describe('the command after --', () => {
  it.each([[[]], [['--in']]])('that does not exist: 1, with %j', async options => {
    const result = await follow('pod-a', 'nginx-2', ...options, '--', 'no-such-command-here');
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*no-such-command-here/, /.*exist/));
  });

  it.each([[[]], [['--in']]])('that may not be executed: 1, with %j', async options => {
    const result = await follow('pod-a', 'nginx-2', ...options, '--', '/etc/passwd');
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message(/.*\/etc\/passwd/, /.*exist/));
  });

  it.each([[[]], [['--in']]])('that fails: its exit code is in the summary, with %j', async options => {
    const shell = ['sh', '-c', 'echo words; exit 127'];
    const result = await follow('pod-a', 'nginx-2', ...options, '--', ...shell);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toMatch(/^words$/m);
    expect(result.stderr).toMatch(/^tracer: .*the command ended with 127$/m);
  });

  it('killed by a signal: 128 + its number', async () => {
    const result = await follow('pod-a', 'nginx-2', '--', 'sh', '-c', 'kill -KILL $$');
    expect(result.stderr).toMatch(/the command ended with 137$/m);
  });
});
