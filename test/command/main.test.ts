/** What a mistyped command line gets: a message with a hint, and 2. */
import { describe, expect, test } from 'vitest';
import { tracer } from './run-tracer.ts';

/** Processes, on a machine that may be busy. */
const timeout = 30_000;

describe.concurrent('usage errors', { timeout }, () => {
  test.for<readonly [string, readonly string[], RegExp]>([
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['an unknown command of lab', ['lab', 'frobnicate'], /unknown command 'frobnicate'/],
    ['an unknown option', ['follow', 'a', 'b', '--bogus'], /unknown option '--bogus'/],
    [
      'a port out of range',
      ['follow', 'a', 'b', '-p', '70000'],
      /'70000' is invalid\. A port is a number from 1 to 65535/,
    ],
    ['no number', ['follow', 'a', 'b', '-c', 'many'], /'many' is invalid/],
    ['an unknown format', ['follow', 'a', 'b', '-o', 'xml'], /'xml' is invalid.*compact, wide, json/],
    ['all namespaces and one', ['follow', 'a', 'b', '-A', '-n', 'x'], /cannot be used with option/],
    ['--in without a command', ['follow', 'a', 'b', '--in'], /--in is about a command/],
  ])('%s', async ([, args, message], { expect: expectHere }) => {
    const { code, stdout, stderr } = await tracer(args);
    expectHere(stderr).toMatch(message);
    expectHere(stderr).toMatch(/^ {2}hint: /m);
    expectHere(stdout).toBe('');
    expectHere(code).toBe(2);
  });

  test('no command at all: the help, as an error', async ({ expect: expectHere }) => {
    const { code, stdout, stderr } = await tracer([]);
    expectHere([code, stdout]).toEqual([2, '']);
    expectHere(stderr).toContain('Usage: tracer');
  });
});

describe.concurrent('what needs no kernel', { timeout }, () => {
  test('help and version go to stdout, and are fine', async ({ expect: expectHere }) => {
    const [help, version] = await Promise.all([tracer(['--help']), tracer(['--version'])]);
    expectHere([help.code, help.stderr, version.code]).toEqual([0, '', 0]);
    expectHere(help.stdout).toContain('tracer follow pod-a nginx-service');
    expectHere(version.stdout).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('the schemas are JSON', async ({ expect: expectHere }) => {
    const [journey, flow] = await Promise.all([tracer(['schema']), tracer(['schema', 'flow'])]);
    expectHere(JSON.parse(journey.stdout).$ref).toBe('#/definitions/Journey');
    expectHere(JSON.parse(flow.stdout).$ref).toBe('#/definitions/Flow');
  });
});

test('a collector that was not built is named', async () => {
  const { code, stderr } = await tracer(['follow', 'any', 'any'], {
    TRACER_COLLECTOR: '/nonexistent/collector',
  });
  expect(stderr).toContain('/nonexistent/collector');
  expect(code).toBe(1);
});
