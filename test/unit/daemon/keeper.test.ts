/** The collector's keeper, with small programs in the collector's place (test/fixtures/collectors). */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { CollectorKeeper, type KeeperOptions } from '../../../src/daemon/keeper.ts';
import type { Frame } from '../../../src/wire/decode.ts';

const kept: CollectorKeeper[] = [];
afterEach(async () => {
  await Promise.all(kept.splice(0).map(keeper => keeper.stop()));
});

const watched = (ip: string) => ({
  rules: [{ proto: 'any', a: { ips: [ip] }, b: { any: true } }] as const,
  hooks: [],
});

interface Rig {
  readonly keeper: CollectorKeeper;
  readonly frames: Frame[];
  readonly notes: string[];
  /** What is started from now on. */
  readonly next: (fake: string) => void;
  readonly lines: () => string[];
  /** Resolves when it is so, asked at each frame and note. */
  readonly until: (isSo: () => boolean) => Promise<void>;
}

const fakePath = (fake: string): string =>
  fileURLToPath(new URL(`../../fixtures/collectors/${fake}.ts`, import.meta.url));

async function keep(fake: string, more: Partial<KeeperOptions> = {}): Promise<Rig> {
  const frames: Frame[] = [];
  const notes: string[] = [];
  let wake = Promise.withResolvers<void>();
  const tell = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const args = ['--disable-warning=ExperimentalWarning', fakePath(fake)];
  const keeper = await CollectorKeeper.start({
    collector: { program: process.execPath, args, ...more.collector },
    patience: { first: 1, longest: 8, stable: 60_000, want: 5_000, ...more.patience },
    nowNs: () => 42,
    onFrame: frame => {
      frames.push(frame);
      tell();
    },
    note: text => {
      notes.push(text);
      tell();
    },
  });
  kept.push(keeper);
  return {
    keeper,
    frames,
    notes,
    next: other => {
      args[1] = fakePath(other);
    },
    lines: () => frames.flatMap(frame => (frame.kind === 'stats' ? [String(frame.stats.line)] : [])),
    until: async isSo => {
      while (!isSo()) await wake.promise;
    },
  };
}

describe('a collector that was killed', () => {
  test('is followed by another one that watches the same, and the loss is told between', async () => {
    const { keeper, frames, notes, lines, until } = await keep('obedient');
    await keeper.want(watched('192.0.2.7'));
    const { pid } = keeper;
    process.kill(pid!, 'SIGKILL');
    await until(() => notes.includes('the collector is attached again'));
    expect(keeper.isReady).toBe(true);
    expect(keeper.pid).not.toBe(pid);
    expect(keeper.restarts).toBe(1);
    expect(lines().filter(line => line === 'side 0 a 192.0.2.7')).toHaveLength(2);
    const kinds = frames.map(frame => frame.kind);
    const at = kinds.indexOf('loss');
    expect(frames[at]).toMatchObject({ loss: { fromNs: 42, count: 1, cause: 'collector' } });
    expect(kinds.indexOf('hello')).toBeLessThan(at);
    expect(kinds.lastIndexOf('hello')).toBeGreaterThan(at);
    expect(notes[0]).toMatch(/SIGKILL\).*started anew in 1 ms/);
  });

  test('does not fail who wants something meanwhile: the next one has it', async () => {
    const { keeper, lines, until, notes } = await keep('obedient');
    process.kill(keeper.pid!, 'SIGKILL');
    await until(() => notes.length > 0);
    expect(keeper.isReady).toBe(false);
    await keeper.want(watched('192.0.2.8'));
    expect(keeper.isReady).toBe(true);
    expect(lines()).toContain('side 0 a 192.0.2.8');
  });
});

describe('a collector that dies again and again', () => {
  test('is tried less and less often, and what is wanted fails with the cause once patience is over', async () => {
    const { notes, until, keeper, next } = await keep('obedient');
    next('half-a-frame');
    process.kill(keeper.pid!, 'SIGKILL');
    await until(() => notes.filter(note => note.includes('started anew')).length >= 5);
    const waits = notes.flatMap(note => /anew in (\d+) ms/.exec(note)?.slice(1).map(Number) ?? []);
    expect(waits.slice(0, 5)).toEqual([1, 2, 4, 8, 8]);
    await keeper.stop();
    await expect(keeper.want(watched('192.0.2.9'))).rejects.toMatchObject({ code: 'COLLECTOR_DIED' });
  });
});

test('one that cannot start at all is an error at once', async () => {
  await expect(keep('fails-to-start')).rejects.toMatchObject({ code: 'COLLECTOR_START' });
});

test('a rule that is refused is the asker’s error, and the collector goes on', async () => {
  const { keeper } = await keep('refuses');
  await expect(keeper.want(watched('198.51.100.7'))).rejects.toMatchObject({ code: 'USAGE' });
  expect(keeper.isReady).toBe(true);
  await keeper.want(watched('192.0.2.7'));
});

test('what is wanted of one that has been stopped is refused, not tried for ever', async () => {
  const { keeper } = await keep('obedient');
  await keeper.stop();
  await expect(keeper.want(watched('192.0.2.1'))).rejects.toThrow('the daemon is ending');
});

describe('a collector that does not answer', () => {
  test('is not ready, until it says something again', async () => {
    const { keeper, notes, until } = await keep('obedient', { patience: { silent: 60 } });
    await until(() => notes.includes('the collector does not answer'));
    expect(keeper.isReady).toBe(false);
    await keeper.want(watched('192.0.2.7'));
    expect(keeper.isReady).toBe(true);
    await until(() => notes.includes('the collector answers again'));
  });

  test('and has not taken what was wanted is not ready; it is asked again when it does', async () => {
    const { keeper, notes, until, lines } = await keep('dozes', {
      patience: { silent: 60 },
      collector: { patience: { apply: 100 } },
    });
    await expect(keeper.want(watched('192.0.2.7'))).rejects.toMatchObject({
      code: 'COLLECTOR_STUCK',
      hint: expect.stringContaining('--standalone'),
    });
    await until(() => notes.includes('the collector does not answer'));
    expect(keeper.isReady).toBe(false);
    await until(() => notes.includes('the collector answers again'));
    expect(keeper.isReady).toBe(true);
    expect(lines().filter(line => line === 'side 0 a 192.0.2.7').length).toBeGreaterThan(1);
  });
});
