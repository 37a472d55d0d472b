import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { Lifetime } from '../../../src/cli/following/lifetime.ts';

test('a command that ends before it is over tells how', async () => {
  const life = new Lifetime();
  life.run(['sh', '-c', 'exit 3'], undefined);
  await life.untilOver();
  life.close();
  expect(life.child).toMatchObject({ code: 3 });
});

test('a command that ends when all has been told changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-life-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const gate = join(folder, 'gate');
  execFileSync('mkfifo', [gate]);
  const life = new Lifetime();
  life.run(['sh', '-c', `read line <${gate}; echo $$ >${gate}`], undefined);
  life.end();
  await life.untilOver();
  life.close();
  // Ends behind it, so that its end is told behind that one's.
  const isThere = 'grep -q "^State:.[^Z]" /proc/$pid/status 2>/dev/null';
  await execa('sh', ['-c', `echo go >${gate}; read pid <${gate}; while ${isThere}; do :; done`]);
  expect(life.child).toBeUndefined();
});
