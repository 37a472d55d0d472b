/** The collector's life, with small programs in its place (test/fixtures/collectors). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TracerError } from '../../../src/base/errors.ts';
import { Collector, type CollectorOptions } from '../../../src/collect/collector.ts';
import type { Frame } from '../../../src/wire/decode.ts';
import { helloJson } from '../../helpers/frames.ts';

const started: Collector[] = [];
const rules = [{ proto: 'any', a: { any: true }, b: { any: true } }] as const;

/** The programs are compiled once; goes with the folder of the test run. */
vi.stubEnv('NODE_COMPILE_CACHE', join(process.env.XDG_STATE_HOME!, 'compiled'));

afterEach(async () => {
  await Promise.all(started.splice(0).map(collector => collector.stop()));
});

/** What its reader hears of it. */
class Listener {
  readonly frames: Frame[] = [];
  readonly deaths: TracerError[] = [];
  bytes = 0;
  #wake = Promise.withResolvers<void>();

  readonly options = {
    onFrame: (frame: Frame): void => {
      this.frames.push(frame);
      this.#tell();
    },
    onBytes: (chunk: Uint8Array): void => {
      this.bytes += chunk.length;
    },
    onDied: (error: TracerError): void => {
      this.deaths.push(error);
      this.#tell();
    },
  };

  /** Resolves as soon as what it heard fits. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) await this.#wake.promise;
  }

  get events(): number[] {
    return this.frames.flatMap(frame => (frame.kind === 'event' ? [frame.event.packet] : []));
  }

  get lines(): unknown[] {
    return this.frames.flatMap(frame => (frame.kind === 'stats' ? [frame.stats.line] : []));
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

async function start(
  fake: string,
  patience: CollectorOptions['patience'] = {},
): Promise<{ collector: Collector; listener: Listener }> {
  const listener = new Listener();
  const path = fileURLToPath(new URL(`../../fixtures/collectors/${fake}.ts`, import.meta.url));
  const { collector, hello } = await Collector.start({
    program: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', path],
    patience,
    ...listener.options,
  });
  started.push(collector);
  expect(hello).toEqual(helloJson);
  return { collector, listener };
}

/** Is there a process with this id? */
function lives(pid: number | undefined): boolean {
  try {
    return process.kill(pid!, 0);
  } catch {
    return false;
  }
}

describe('one that does what it should', () => {
  test('says hello, sends events, takes a filter', async () => {
    const { collector, listener } = await start('obedient');
    await collector.watch(rules, [8472], [{ cookie: '4711', family: 6 }]);
    expect(listener.events).toEqual([1, 2]);
    expect(listener.lines).toEqual([
      'begin',
      'tunnel 8472',
      'rule 0 any',
      'side 0 a any',
      'side 0 b any',
      'hooks 4711 10 31',
      'apply 1',
    ]);
  });

  test('is ended by closing its stdin: what it says then is still heard, and no death is told', async () => {
    const { collector, listener } = await start('obedient');
    const { pid } = collector;
    await collector.stop();
    expect(listener.frames.at(-1)).toEqual({ kind: 'heartbeat', timeNs: 20_000_000, events: 2 });
    expect(lives(pid)).toBe(false);
    expect(listener.deaths).toEqual([]);
  });

  test('can be stopped twice, also at once', async () => {
    const { collector } = await start('obedient');
    await Promise.all([collector.stop(), collector.stop()]);
    expect(lives(collector.pid)).toBe(false);
  });

  test('takes no filter any more once it is stopped', async () => {
    const { collector } = await start('obedient');
    await collector.stop();
    await expect(collector.watch(rules, [])).rejects.toMatchObject({ code: 'COLLECTOR_DIED' });
  });

  test('gives the bytes as they came', async () => {
    const { collector, listener } = await start('obedient');
    await collector.stop();
    expect(listener.bytes).toBeGreaterThan(500);
    expect(collector.decoder.malformedBytes).toBe(0);
  });
});

describe('one that does not start', () => {
  test('is not there', async () => {
    const { options } = new Listener();
    const error = Collector.start({ program: '/nonexistent/collector', ...options });
    await expect(error).rejects.toMatchObject({ code: 'NOT_BUILT', exitCode: 1 });
  });

  test('is no program', async () => {
    const { options } = new Listener();
    await expect(
      Collector.start({ program: fileURLToPath(import.meta.url), ...options }),
    ).rejects.toMatchObject({
      exitCode: 1,
    });
  });

  test('is refused by the kernel: its own words, or that root is missing', async () => {
    const error = (await start('fails-to-start').catch(reason => reason)) as TracerError;
    if (process.getuid?.() === 0) {
      expect(['COLLECTOR_START', 'NO_BTF']).toContain(error.code);
      if (error.code === 'COLLECTOR_START') expect(error.message).toContain('Operation not permitted');
    } else expect(error.code).toBe('NOT_ROOT');
  });

  test('never gets ready: given up, and ended', async () => {
    const error = (await start('never-ready', { ready: 50 }).catch(reason => reason)) as TracerError;
    expect(error).toMatchObject({ code: 'COLLECTOR_START' });
    expect(error.message).toContain('did not get ready within 0.05 s');
  });
});

describe('one that dies', () => {
  test('at a command: the first cause, its last words, once', async () => {
    const { collector, listener } = await start('dies');
    const watched = collector.watch(rules, []);
    await expect(watched).rejects.toMatchObject({ code: 'COLLECTOR_DIED' });
    await listener.until(() => listener.deaths.length > 0);
    await collector.stop();
    expect(listener.deaths).toHaveLength(1);
    expect(listener.deaths[0]?.message).toContain('exit code 3');
    expect(listener.deaths[0]?.message).toMatch(/No space left on device$/);
    expect(listener.deaths[0]!.message.length).toBeLessThan(5000);
  });

  test('in the middle of a frame: what came before is kept', async () => {
    const { collector, listener } = await start('half-a-frame');
    await listener.until(() => listener.deaths.length > 0);
    expect(listener.events).toEqual([1]);
    expect(collector.decoder.heldBytes).toBe(77);
    expect(listener.deaths[0]?.message).toContain('exit code 0');
  });

  test('by a signal', async () => {
    const { collector, listener } = await start('obedient');
    process.kill(collector.pid!, 'SIGKILL');
    await listener.until(() => listener.deaths.length > 0);
    expect(listener.deaths[0]?.message).toContain('SIGKILL');
    await expect(collector.watch(rules, [])).rejects.toBe(listener.deaths[0]);
  });
});

describe('one that misbehaves', () => {
  test('does not end when it should: killed', async () => {
    const { collector, listener } = await start('deaf', { stop: 50 });
    const { pid } = collector;
    await collector.stop();
    expect(lives(pid)).toBe(false);
    expect(listener.deaths).toEqual([]);
  });

  test('floods: commands are answered all the same, and it ends', async () => {
    const { collector, listener } = await start('floods');
    await collector.watch(rules, []);
    await collector.watch(rules, []);
    await collector.stop();
    expect(listener.events.length).toBeGreaterThan(200);
    expect(listener.events.at(-1)).toBe(0);
    expect(collector.decoder.malformedBytes).toBe(0);
  });

  test('babbles into its frames: they are found again', async () => {
    const { collector, listener } = await start('babbles');
    await collector.watch(rules, []);
    expect(listener.events).toEqual([1, 2]);
    expect(collector.decoder.malformedBytes).toBe('libbpf: kernel BTF is there\noops'.length);
  });

  test('refuses a command: said with its reason', async () => {
    const { collector } = await start('refuses');
    const rule = { proto: 'any', a: { ips: ['198.51.100.7'] }, b: { any: true } } as const;
    const error = (await collector.watch([rule], []).catch(reason => reason)) as TracerError;
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect(error.message).toContain('side 0 a 198.51.100.7 (no room for another address)');
    await collector.watch(rules, []); // the next one is judged by itself
  });

  test('never answers: given up', async () => {
    const { collector } = await start('hesitates', { apply: 50 });
    await expect(collector.watch(rules, [])).rejects.toMatchObject({ code: 'COLLECTOR_STUCK' });
  });

  test('is stopped while it is being asked', async () => {
    const { collector } = await start('hesitates');
    const watched = collector.watch(rules, []);
    const [result] = await Promise.allSettled([watched, collector.stop()]);
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'COLLECTOR_DIED' } });
  });
});
