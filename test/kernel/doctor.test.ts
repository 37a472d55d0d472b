/** What doctor finds out on the running kernel, with rights and without. */
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { tracerPath } from '../helpers/processes.ts';

interface Examined {
  readonly canFollow: boolean;
  readonly findings: readonly { readonly what: string; readonly state: string; readonly detail: string }[];
}

async function examine(...within: readonly string[]): Promise<Examined & { readonly code: number }> {
  const [file, ...args] = [...within, tracerPath, 'doctor', '-o', 'json'];
  const { exitCode = -1, stdout } = await execa(file!, args, { reject: false });
  return { code: exitCode, ...JSON.parse(stdout) };
}

const stateOf = ({ findings }: Examined, what: string) => findings.find(each => each.what === what)?.state;
const mechanisms = ['ring buffer', 'tp_btf'];

describe('tracer doctor', () => {
  it('finds what the kernel tests use', async () => {
    const examined = await examine();
    expect(examined).toMatchObject({ code: 0, canFollow: true });
    for (const what of [...mechanisms, 'tap net_dev_queue', 'tap kfree_skb'])
      expect([what, stateOf(examined, what)]).toEqual([what, 'yes']);
    // What is tried gives the answer that a tap of the kind gets.
    const hooks = examined.findings.find(({ what }) => what === 'tap netfilter_hook');
    expect(hooks?.state).toBe(stateOf(examined, 'netfilter link'));
  });

  it.for<readonly [string, readonly string[]]>([
    ['without any capability', ['setpriv', '--bounding-set=-all']],
    ['as root of a container', ['unshare', '--user', '--map-root-user', '--net']],
  ])('%s: nothing can be followed, and what is hidden is no lack', async ([, within], context) => {
    const [file, ...args] = [...within, 'true'];
    const { failed, stderr } = await execa(file!, args, { reject: false });
    if (failed) context.skip(`needs ${within.join(' ')}: ${stderr}`);
    const examined = await examine(...within);
    expect(examined).toMatchObject({ code: 1, canFollow: false });
    for (const what of [...mechanisms, 'taps'])
      expect([what, stateOf(examined, what)]).toEqual([what, 'unknown']);
    expect(stateOf(examined, 'rights')).toBe('no');
  });

  it('tells of a container that sees its own processes alone', async () => {
    const examined = await examine('unshare', '--pid', '--fork', '--mount-proc');
    expect(examined).toMatchObject({ code: 0, canFollow: true });
    expect(stateOf(examined, 'processes')).toBe('no');
  });
});
