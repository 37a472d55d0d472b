/** The stand-alone inventory and namespaces to look at, for the inventory's kernel tests. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Inventory } from '../../src/inventory/inventory.ts';
import type { NetnsView } from '../../src/inventory/netns-view.ts';
import type { InventoryFrame } from '../../src/model/inventory.ts';

const program = fileURLToPath(new URL('../../build/bpf/inventory', import.meta.url));
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

export const prefix = `zqi${process.pid}-`;

export async function run(command: string): Promise<string> {
  return (await execa('sh', ['-ec', command], { env })).stdout;
}

/** `ip -n PREFIXname …` for each line `name: …`, in one process. */
export async function ip(script: string): Promise<void> {
  const lines = script
    .trim()
    .split('\n')
    .map(line => line.trim());
  await run(
    lines
      .map(line => {
        const [, name, words] = /^(\S+?): (.*)$/.exec(line) ?? [];
        return name === undefined ? `ip ${line}` : `ip -n ${prefix}${name} ${words}`;
      })
      .map(line => line.replaceAll('@', prefix))
      .join('\n'),
  );
}

export async function ipJson(name: string, words: string): Promise<Record<string, never>[]> {
  const text = await run(`ip -n ${prefix}${name} -j ${words}`);
  return text.trim() === '' ? [] : JSON.parse(text);
}

export async function makeNamespaces(...names: readonly string[]): Promise<void> {
  await run(names.map(name => `ip netns add ${prefix}${name}`).join('\n'));
}

export async function removeNamespaces(): Promise<void> {
  const names = (await run('ip netns list')).split('\n').map(line => line.split(' ')[0]!);
  const own = names.filter(name => name.startsWith(prefix));
  if (own.length > 0) await run(own.map(name => `ip netns del ${name}`).join('\n'));
}

interface Waiter {
  readonly done: () => boolean;
  readonly resolve: () => void;
}

/** A running inventory; frames are applied as they come. */
export class Tool {
  readonly inventory = new Inventory();
  readonly frames: { readonly frame: InventoryFrame; readonly atMs: number }[] = [];
  /** How it finds namespaces. */
  how = '';
  #child: ReturnType<typeof startChild>;
  #waiters: Waiter[] = [];
  #rest = '';

  constructor(...args: readonly string[]) {
    this.#child = startChild(args);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.how += chunk.toString();
      this.#wake();
    });
  }

  static async started(...args: readonly string[]): Promise<Tool> {
    const tool = new Tool(...args);
    await tool.until(() => tool.how.endsWith('\n'));
    return tool;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const frame = JSON.parse(line) as InventoryFrame;
      this.frames.push({ frame, atMs: performance.now() });
      this.inventory.apply(frame);
    }
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ done }) => done());
    this.#waiters = this.#waiters.filter(waiter => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  /** Milliseconds that it took; fails after `timeoutMs`. */
  async until(done: () => boolean, timeoutMs = 10_000): Promise<number> {
    const start = performance.now();
    if (!done()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`not seen within ${timeoutMs} ms: ${done}`)),
          timeoutMs,
        );
        this.#waiters.push({ done, resolve: () => resolve(clearTimeout(timer)) });
      });
    }
    return performance.now() - start;
  }

  /** By its name without the prefix. */
  named(name: string): NetnsView | undefined {
    return this.inventory.all().find(view => view.snapshot.names.includes(`${prefix}${name}`));
  }

  present(cookie: string): NetnsView | undefined {
    return this.inventory.all().find(view => view.cookie === cookie);
  }

  async link(netns: string, name: string) {
    await this.until(() => this.named(netns)?.linkNamed(name) !== undefined);
    return this.named(netns)!.linkNamed(name)!;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Closes its stdin; its exit code. */
  async stop(): Promise<number | undefined> {
    this.#child.stdin.end();
    return (await this.#child).exitCode;
  }
}

function startChild(args: readonly string[]) {
  return execa(program, args, { stdin: 'pipe', reject: false, buffer: false });
}
