import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { root } from './project-files.ts';

/** The demo beside a tracer that only notes what it was asked for. */
let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tracer-demo-'));
  mkdirSync(`${checkout}/bin`);
  cpSync(`${root}scripts/demo.ts`, `${checkout}/scripts/demo.mts`);
});

afterEach(() => rmSync(checkout, { recursive: true }));

const calls = (): string[] => readFileSync(`${checkout}/calls`, 'utf8').trim().split('\n');

/** `answers`: shell that decides by "$1 $2" how the fake tracer ends; by default it ends with 0. */
function fakeTracer(cluster: 'up' | 'broken' | 'down', answers = ''): void {
  const status = `"lab status") echo '{"name":"default","kind":"${cluster}"}' ;;`;
  const script = `#!/bin/sh\necho "$1 $2" >>${checkout}/calls\ncase "$1 $2" in\n${status} ${answers}\nesac\n`;
  writeFileSync(`${checkout}/bin/tracer`, script, { mode: 0o755 });
}

function startDemo(options: readonly string[] = ['--once']) {
  const child = spawn(process.execPath, [`${checkout}/scripts/demo.mts`, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  // Also when a test fails; the demo itself ends what it has started.
  onTestFinished(() => void child.kill());
  const output = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.text += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = async (text: string): Promise<void> => {
    while (!output.text.includes(text)) await once(child.stdout, 'data');
  };
  return { child, ended, says };
}

const follow = 'follow pod-a';

describe('npm run demo -- --once', () => {
  test('starts the practice cluster, follows one request, removes the cluster', async () => {
    fakeTracer('down');
    expect(await startDemo().ended).toBe(0);
    expect(calls()).toEqual(['lab status', 'lab up', follow, 'lab down']);
  });

  test('leaves a cluster alone that was up before', async () => {
    fakeTracer('up');
    expect(await startDemo().ended).toBe(0);
    expect(calls()).toEqual(['lab status', follow]);
  });

  test('removes what a failed start has left', async () => {
    fakeTracer('down', '"lab up") exit 9 ;;');
    expect(await startDemo().ended).toBe(9);
    expect(calls()).toEqual(['lab status', 'lab up', 'lab down']);
  });

  test('leaves a broken cluster to its owner', async () => {
    fakeTracer('broken', '"lab up") exit 1 ;;');
    expect(await startDemo().ended).toBe(1);
    expect(calls()).toEqual(['lab status', 'lab up']);
  });

  test('ends with the exit code of what it shows', async () => {
    fakeTracer('down', 'follow*) exit 4 ;;');
    expect(await startDemo().ended).toBe(4);
    expect(calls().at(-1)).toBe('lab down');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('removes the cluster on %s', async (signal, code) => {
    // The fake follow waits for ever; the demo's signal ends it.
    fakeTracer('down', 'follow*) echo following; exec tail -f /dev/null ;;');
    const demo = startDemo();
    await demo.says('following');
    demo.child.kill(signal);
    expect(await demo.ended).toBe(code);
    expect(calls()).toEqual(['lab status', 'lab up', follow, 'lab down']);
  });

  test('removes the cluster when the npm that started it is gone', async () => {
    fakeTracer('down', 'follow*) echo following; exec tail -f /dev/null ;;');
    const npm = spawn('tail', ['-f', '/dev/null'], { stdio: 'ignore' });
    onTestFinished(() => void npm.kill());
    const demo = startDemo(['--once', '--until-exit-of', String(npm.pid)]);
    await demo.says('following');
    npm.kill();
    expect(await demo.ended).toBe(129);
    expect(calls().at(-1)).toBe('lab down');
  });
});

describe('npm run demo -- --stay', () => {
  const page = `"daemon ") echo "tracer: the page: http://127.0.0.1:7077/#t=TOKEN, token in ${'$'}{0%/*}/token" >&2; exec tail -f /dev/null ;;`;

  test('serves the page before the request is sent, says where it is, and removes both on Ctrl-C', async () => {
    fakeTracer('down', page);
    writeFileSync(`${checkout}/bin/token`, 'secret\n');
    const demo = startDemo(['--stay']);
    await demo.says('http://127.0.0.1:7077/#t=secret');
    await demo.says('Ctrl-C');
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    expect(calls()).toEqual(['lab status', 'lab up', 'daemon ', follow, 'lab down']);
  });

  test('does without a page where the daemon does not start', async () => {
    fakeTracer('up', '"daemon ") exit 1 ;;');
    const demo = startDemo(['--stay']);
    await demo.says('Ctrl-C');
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    expect(calls()).toEqual(['lab status', 'daemon ', follow]);
  });
});
