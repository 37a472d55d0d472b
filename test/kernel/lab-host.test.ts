/** The lab and the machine that it runs on: nothing of one in the other, and nothing left. */

import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { enterArgv } from '../../src/lab/enter.ts';
import { isAlive, killProcesses, processStartTicks } from '../../src/lab/processes.ts';
import { readLabSnapshots } from '../../src/lab/state.ts';
import { labStatus, labTarget, listLabs } from '../../src/lab/status.ts';
import { labUp } from '../../src/lab/up.ts';
import { hostNetwork, inLab, testLabName, tracesOf } from '../helpers/lab.ts';

const name = testLabName('host');
const other = testLabName('other');

afterEach(async () => {
  for (const lab of [name, other]) await labDown({ name: lab });
});

describe.each(['flannel', 'kindnet'] as const)('a lab with %s', cni => {
  it("changes nothing of the machine's own network, and leaves nothing", async () => {
    const before = await hostNetwork();
    const { state } = await labUp({ name, cni });
    expect((await inLab(name, 'pod-a', 'curl', '-sS', '-m', '3', 'http://nginx-service/')).output).toMatch(
      /^nginx-/,
    );
    expect(await hostNetwork()).toEqual(before);
    expect(labStatus(name).kind).toBe('up');
    expect(await labDown({ name })).toBe(true);
    expect(await hostNetwork()).toEqual(before);
    expect(await tracesOf(name)).toEqual([]);
    expect(state.processes.filter(isAlive)).toEqual([]);
    expect(labStatus(name).kind).toBe('down');
    expect(await labDown({ name })).toBe(false);
  });
});

describe('a machine that never had a network namespace', () => {
  it('is left without /run/netns and /run/tracer as it was', async () => {
    // An empty /run in a mount namespace of our own stands for such a machine.
    const lab = (file: string) => new URL(`../../src/lab/${file}.ts`, import.meta.url).href;
    const script = `import { readdirSync } from 'node:fs';
      const { labUp } = await import('${lab('up')}');
      const { labDown } = await import('${lab('down')}');
      await labUp({ name: '${name}' });
      const during = readdirSync('/run').sort();
      await labDown({ name: '${name}' });
      console.log(JSON.stringify({ during, after: readdirSync('/run') }));`;
    const shell = 'mount -t tmpfs tmpfs /run && exec "$@"';
    const argv = [
      '--mount',
      '--propagation=private',
      'sh',
      '-c',
      shell,
      '-',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout } = await execa('unshare', argv);
    expect(JSON.parse(stdout)).toEqual({ during: ['netns', 'tracer'], after: [] });
  });
});

describe('lab up', () => {
  it('is harmless the second time', async () => {
    const first = await labUp({ name });
    const second = await labUp({ name });
    expect(second).toEqual({ already: true, state: first.state });
    expect(first.state.processes.every(isAlive)).toBe(true);
    await expect(labUp({ name, cni: 'kindnet' })).rejects.toMatchObject({ code: 'LAB_EXISTS' });
    expect(labStatus(name).kind).toBe('up');
  });

  it('makes labs that have the same addresses and do not meet', async () => {
    await Promise.all([labUp({ name }), labUp({ name: other, cni: 'kindnet' })]);
    expect(listLabs().map(lab => lab.name)).toEqual(expect.arrayContaining([name, other]));
    const server = labStatus(name).state!.processes.find(
      process => process.name === 'default/nginx-2/nginx',
    )!;
    process.kill(server.pid, 'SIGKILL');
    await expect.poll(() => isAlive(server)).toBe(false);
    const ask = (lab: string) => inLab(lab, 'pod-a', 'curl', '-sS', '-m', '3', 'http://10.244.2.7:8080/');
    expect(await ask(name)).toMatchObject({ exitCode: 7 });
    expect(await ask(other)).toMatchObject({ exitCode: 0 });
    expect(labStatus(name)).toMatchObject({
      kind: 'broken',
      deadProcesses: [{ name: 'default/nginx-2/nginx' }],
    });
    await labDown({ name });
    expect(await ask(other)).toMatchObject({ exitCode: 0 });
  });

  it('describes itself as a cluster', async () => {
    const { state } = await labUp({ name });
    const snapshot = readLabSnapshots().find(each => each.name === `lab:${name}`);
    expect(snapshot).toEqual(state.cluster);
    // The cookies are the kernel's: each namespace has another, and asking again gives the same.
    const cookies = [...state.cluster.pods, ...state.cluster.nodes, ...state.cluster.machines].map(
      each => each.netnsCookie,
    );
    expect(new Set(cookies).size).toBe(11);
    expect(cookies.every(cookie => /^\d+$/.test(cookie ?? ''))).toBe(true);
  });
});

describe('a lab that was cut short', () => {
  it.each([
    ['before the first namespace', 1, 0],
    ['in the middle of the links', 2, 30],
    ['when some processes run', 3, 30],
  ] as const)('%s is cleaned up by down', async (_, step, afterMs) => {
    await upKilledAt(step, afterMs);
    expect(labStatus(name).kind).toBe('broken');
    await expect(labUp({ name })).rejects.toMatchObject({ code: 'LAB_FAILED' });
    expect(await labDown({ name })).toBe(true);
    expect(await tracesOf(name)).toEqual([]);
    expect((await labUp({ name })).already).toBe(false);
  });

  it('cleans up by itself when a step fails', async () => {
    const { execPath } = process;
    process.execPath = '/no/such/program'; // What the servers are started with.
    try {
      await expect(labUp({ name })).rejects.toMatchObject({
        code: 'LAB_FAILED',
        message: expect.stringContaining('/no/such/program'),
      });
    } finally {
      process.execPath = execPath;
    }
    expect(await tracesOf(name)).toEqual([]);
  });

  it('cleans up by itself when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('of the test');
    const onProgress = (step: string) => {
      if (step.startsWith('links')) stop.abort(reason);
    };
    await expect(labUp({ name, onProgress, signal: stop.signal })).rejects.toBe(reason);
    expect(await tracesOf(name)).toEqual([]);
  });

  it("does not take namespaces for its own that bear a lab's name", async () => {
    await execa('ip', ['netns', 'add', `lab-${name}-mine`]);
    await expect(labUp({ name })).rejects.toMatchObject({ code: 'LAB_FAILED' });
    expect(existsSync(`/run/netns/lab-${name}-mine`)).toBe(true);
  });
});

/** Starts `up` in a process that kills itself so long after it began a step. */
async function upKilledAt(step: number, afterMs: number): Promise<void> {
  const up = new URL('../../src/lab/up.ts', import.meta.url).href;
  const script = `let step = 0;
    const { labUp } = await import('${up}');
    const die = () => process.kill(process.pid, 'SIGKILL');
    await labUp({ name: '${name}', onProgress: () => { if (++step === ${step}) ${afterMs} === 0 ? die() : setTimeout(die, ${afterMs}); } });`;
  const result = await execa(process.execPath, ['--input-type=module', '-e', script], { reject: false });
  expect(result).toMatchObject({ signal: 'SIGKILL' });
}

describe('a command in a pod', () => {
  it('runs as the user that is asked for, and is itself the process that was started', async () => {
    await labUp({ name });
    const [file, ...args] = enterArgv(
      { ...labTarget(name, 'default/pod-a'), user: { uid: 65534, gid: 65534 } },
      ['sh', '-c', 'echo $$; id -un; cat /etc/resolv.conf; exit 7'],
    );
    const child = execa(file, args, { reject: false });
    const { pid } = child;
    const { stdout, exitCode } = await child;
    expect(exitCode).toBe(7);
    expect(stdout.split('\n').slice(0, 2)).toEqual([String(pid), 'nobody']);
    expect(stdout).toContain('nameserver 10.96.0.10');
    expect(() => labTarget(name, 'pod-z')).toThrow(expect.objectContaining({ code: 'UNKNOWN_NAME' }));
    expect(() => labTarget('nosuchlab', 'pod-a')).toThrow(expect.objectContaining({ code: 'LAB_NOT_UP' }));
  });
});

describe('lab down', () => {
  it("ends what runs in the lab's namespaces, whoever started it, and nothing else", async () => {
    await labUp({ name });
    const { netns } = labTarget(name, 'pod-a');
    const inside = execa('nsenter', [`--net=/run/netns/${netns}`, 'sleep', '1000'], { reject: false });
    const outside = execa('sleep', ['1000'], { reject: false });
    await expect.poll(() => processStartTicks(inside.pid!)).toBeDefined();
    await labDown({ name });
    expect(await inside).toMatchObject({ signal: 'SIGKILL' });
    expect(processStartTicks(outside.pid!)).toBeDefined();
    // A recorded pid that belongs to another process by now is let alone.
    await killProcesses([{ pid: outside.pid!, startTicks: '1', netns, name: 'gone' }], []);
    expect(processStartTicks(outside.pid!)).toBeDefined();
    outside.kill();
    await outside;
  });

  it('does not keep a namespace for a mount or for another lab', async () => {
    await labUp({ name });
    await labUp({ name: other });
    await labDown({ name });
    expect(existsSync(`/run/netns/lab-${name}-pod-a`)).toBe(false);
    // The processes of the other lab have mount namespaces of their own, copied while the first lab was there.
    const held = await inLab(
      other,
      'pod-a',
      'grep',
      '-c',
      `lab-${name}-`,
      '/proc/1/mountinfo',
      '/proc/self/mountinfo',
    );
    expect(held.output).toBe('/proc/1/mountinfo:0\n/proc/self/mountinfo:0');
  });
});
