/** What doctor says of hosts that are not this one: of other kernels, in containers, for users without rights. */
import { describe, expect, test } from 'vitest';
import { type HostFiles, kernelFindings } from '../../src/cli/doctor/kernel.ts';
import { rightsFinding } from '../../src/cli/doctor/rights.ts';
import { toolFindings } from '../../src/cli/doctor/tools.ts';
import { tracer, tracerWith } from './run-tracer.ts';

/** Processes, on a machine that may be busy. */
const timeout = 30_000;

const debian: Readonly<Record<string, string>> = {
  '/sys/kernel': '',
  '/sys/kernel/btf/vmlinux': '',
  '/sys/kernel/security': '',
  '/sys/kernel/security/lsm': 'lockdown,capability',
  '/sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
  '/proc/sys/kernel/kptr_restrict': '0\n',
  '/proc/self/ns/pid': 'pid:[4026531836]',
};

function host(files: Readonly<Record<string, string>>, release = '6.1.0-50-amd64'): HostFiles {
  return { release, exists: path => path in files, read: path => files[path], link: path => files[path] };
}

const states = (files: HostFiles) =>
  Object.fromEntries(kernelFindings(files).map(({ what, state }) => [what, state]));
const allYes = { kernel: 'yes', btf: 'yes', lockdown: 'yes', symbols: 'yes', processes: 'yes' };

describe('a kernel', () => {
  test('that has what is needed', () => expect(states(host(debian))).toEqual(allYes));

  test.each([
    ['of 5.4', host(debian, '5.4.0-26-generic'), { kernel: 'no' }],
    [
      'locked down against reading',
      host({ ...debian, '/sys/kernel/security/lockdown': 'none integrity [confidentiality]\n' }),
      { lockdown: 'no' },
    ],
    [
      'locked down against change',
      host({ ...debian, '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' }),
      {},
    ],
    [
      'that hides its addresses',
      host({ ...debian, '/proc/sys/kernel/kptr_restrict': '2\n' }),
      { symbols: 'no' },
    ],
    [
      'seen from a container',
      host({ ...debian, '/proc/self/ns/pid': 'pid:[4026532201]' }),
      { processes: 'no' },
    ],
    ['with nothing at all', host({}), { btf: 'no', symbols: 'unknown', processes: 'unknown' }],
  ])('%s', (_, files, others) => {
    expect(states(files)).toEqual({ ...allYes, ...others });
    for (const { state, hint } of kernelFindings(files)) if (state === 'no') expect(hint).toBeDefined();
  });

  test('whose security file system is not mounted may be locked down', () => {
    const { '/sys/kernel/security/lsm': _, '/sys/kernel/security/lockdown': __, ...files } = debian;
    expect(states(host(files))).toEqual({ ...allYes, lockdown: 'unknown' });
  });
});

describe('the rights of the collector', () => {
  const program = '/opt/tracer/collector';
  const all = (1n << 41n) - 1n;

  test('all of them', () => expect(rightsFinding(all, program)).toMatchObject({ state: 'yes' }));

  test('none: the line that gives them', () => {
    const { state, hint = '' } = rightsFinding(0n, program);
    const [, names = '', file] = /sudo setcap (\S+)\+ep (\S+) /.exec(hint) ?? [];
    expect([state, file, names.split(',').sort()]).toEqual([
      'no',
      program,
      [
        'cap_bpf',
        'cap_dac_read_search',
        'cap_net_admin',
        'cap_perfmon',
        'cap_sys_admin',
        'cap_sys_ptrace',
        'cap_syslog',
      ],
    ]);
  });

  test('all but one: what it is for', () => {
    const { state, detail } = rightsFinding(all - (1n << 34n), program);
    expect([state, detail]).toEqual(['no', 'the collector lacks cap_syslog (names kernel functions)']);
  });
});

test('tools that are not installed are named with their package', () => {
  const findings = toolFindings('/nonexistent');
  expect(findings.map(({ state }) => state)).toEqual(['no', 'no', 'no', 'no']);
  expect(findings[0]).toMatchObject({ what: 'tool tcpdump', hint: 'Debian: apt-get install tcpdump' });
});

describe.concurrent('tracer doctor', { timeout }, () => {
  const wanted = ['kernel', 'btf', 'collector', 'tool tcpdump', 'lab'];
  const withAll = '1ffffffffff yes';

  test('tells all it can without a collector, and that nothing can be followed', async ({ expect: here }) => {
    const env = { TRACER_COLLECTOR: '/nonexistent/collector' };
    const [json, text] = await Promise.all([tracer(['doctor', '-o', 'json'], env), tracer(['doctor'], env)]);
    const { canFollow, findings } = JSON.parse(json.stdout);
    here([json.code, text.code, canFollow]).toEqual([1, 1, false]);
    here(findings.map(({ what }: { what: string }) => what)).toEqual(here.arrayContaining(wanted));
    here(text.stdout).toMatch(/✗ collector +\/nonexistent\/collector is not built\n +→ npm run setup\n/);
    here(text.stdout).toMatch(/\n\npackets cannot be followed here, by this user$/);
  });

  test('is content with a kernel that gives all that is needed', async ({ expect: here }) => {
    const { code, stdout } = await tracerWith(`examined ${withAll}`, ['doctor', '-o', 'json']);
    const { canFollow, findings } = JSON.parse(stdout);
    here([code, canFollow]).toEqual([0, true]);
    here(findings).toContainEqual({ what: 'tap net_dev_queue', state: 'yes', detail: 'by tp_btf' });
    here(findings).toContainEqual(here.objectContaining({ what: 'rights', state: 'yes' }));
  });

  test('does not take what is hidden from a user for a lack', async ({ expect: here }) => {
    const { stdout } = await tracerWith('examined 0 unknown', ['doctor', '-o', 'json']);
    const { findings } = JSON.parse(stdout);
    here(findings).toContainEqual(here.objectContaining({ what: 'tp_btf', state: 'unknown' }));
    here(findings).toContainEqual(here.objectContaining({ what: 'rights', state: 'no' }));
  });

  test('goes on where the collector makes no sense', async ({ expect: here }) => {
    const { code, stdout } = await tracerWith('examined 0 babble', ['doctor', '-o', 'json']);
    const { findings } = JSON.parse(stdout);
    here(code).toBe(0);
    here(findings).toContainEqual(here.objectContaining({ what: 'collector', state: 'unknown' }));
    here(findings).toContainEqual(here.objectContaining({ what: 'tap net_dev_queue', state: 'yes' }));
  });
});
