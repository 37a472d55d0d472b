/** What stands at the prompt after the key: commands, options and their values, and names of a cluster that answers or does not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { completions } from '../../src/cli/completion/completion-command.ts';
import { placeIn } from '../../src/cli/completion/place.ts';
import { scripts } from '../../src/cli/completion/scripts.ts';
import { followCommand } from '../../src/cli/follow-command.ts';
import { lsCommand } from '../../src/cli/inventory-commands.ts';
import { labCommand } from '../../src/cli/lab-command.ts';
import { kubeconfigOf } from '../helpers/kube-api.ts';
import { recordedCluster } from '../helpers/recorded-cluster.ts';
import { tracer } from './run-tracer.ts';

const program = new Command('tracer')
  .addCommand(followCommand())
  .addCommand(lsCommand())
  .addCommand(labCommand())
  .addCommand(new Command('complete'), { hidden: true });

describe('the place', () => {
  test.each<readonly [readonly string[], object]>([
    [[''], { fixed: expect.arrayContaining(['follow', 'ls', 'lab']), prefix: '' }],
    [['lab', 'r'], { fixed: expect.arrayContaining(['run', 'up']), prefix: 'r' }],
    [['lab', 'run', ''], { live: 'scenario' }],
    [['lab', 'shell', 'p'], { live: 'pod', prefix: 'p' }],
    [['ls', ''], { fixed: expect.arrayContaining(['pods', 'netns']) }],
    [['ls', 'pods', ''], { fixed: [] }],
    [['follow', 'p'], { live: 'name', prefix: 'p' }],
    [['follow', 'a', ''], { live: 'name' }],
    [['follow', 'a', '-p', '80', ''], { live: 'name' }],
    [['follow', '-o', ''], { fixed: ['compact', 'wide', 'json', 'canonical'] }],
    [['follow', '--context', 'k'], { live: 'context', prefix: 'k' }],
    [['follow', '-n', ''], { live: 'namespace' }],
    [['follow', '--context', 'x', '--namespace=y', ''], { given: { '--context': 'x', '--namespace': 'y' } }],
    [['follow', '--std'], { fixed: expect.arrayContaining(['--standalone', '--in', '--help']) }],
    [['frobnicate', ''], { fixed: [] }],
  ])('%j', (words, expected) => {
    expect(placeIn(program, words)).toMatchObject(expected);
  });

  test('what is hidden is not offered, and what is behind -- is not ours', () => {
    expect(placeIn(program, ['com'])?.fixed).not.toContain('complete');
    expect(placeIn(program, ['follow', '-'])?.fixed).not.toContain('--all-namespaces');
    expect(placeIn(program, ['follow', 'a', 'b', '--', 'c'])).toBeUndefined();
  });
});

describe('live names', { timeout: 90_000 }, () => {
  const { file, folder } = recordedCluster();
  const complete = (...words: readonly string[]): Promise<string[]> => completions(program, words, 25_000);
  const follow = ['follow', '--kubeconfig', file, '--context', 'kind-kind'];

  test('of pods and services, short where that is enough', async () => {
    // Two namespaces have it; alone it means that of default.
    expect(await complete(...follow, 'nginx-service')).toEqual(['nginx-service']);
    expect(await complete(...follow, 'two')).toEqual(['two']);
    expect(await complete(...follow, 'pod-a', 'svc/shop/')).toEqual([
      'svc/shop/nginx-service',
      'svc/shop/two',
      'svc/shop/web',
    ]);
  });

  test('of a namespace', async () => {
    expect(await complete('follow', '--kubeconfig', file, '-n', 'sh')).toEqual(['shop']);
  });

  test('where nobody answers, none, and no error', async () => {
    const nowhere = join(folder, 'nowhere');
    writeFileSync(nowhere, kubeconfigOf({ name: 'gone', server: 'http://127.0.0.1:1' }));
    const words = ['follow', '--kubeconfig', nowhere, '--context', 'gone', 'no-such-'];
    expect(await tracer(['complete', '--', ...words])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('in bash, also with a colon in the word', async () => {
    const answers = "tracer() { printf '%s\\n' kind-kind:default/pod-a kind-kind:default/pod-b; }";
    const script = `${answers}\n${scripts.bash}\nCOMP_LINE='tracer follow kind-kind:default/po'; COMP_POINT=\${#COMP_LINE}
      _tracer; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa('bash', ['-c', script]);
    expect(stdout.split('\n')).toEqual(['default/pod-a', 'default/pod-b']);
  });
});
