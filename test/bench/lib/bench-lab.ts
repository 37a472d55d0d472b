/** A practice cluster for one benchmark, and processes in its namespaces. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { labDown } from '../../../src/lab/down.ts';
import { enterArgv } from '../../../src/lab/enter.ts';
import { labTarget } from '../../../src/lab/status.ts';
import { labUp } from '../../../src/lab/up.ts';

export class BenchLab {
  readonly name: string;
  readonly context: string;

  private constructor(name: string) {
    this.name = name;
    this.context = `lab:${name}`;
  }

  /** Removed again however `use` ends, also by Ctrl-C. */
  static async with(purpose: string, use: (lab: BenchLab) => Promise<void>): Promise<void> {
    const lab = new BenchLab(`b${purpose}${process.pid}`);
    const interrupted = new Promise<never>((_, reject) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
    });
    await labUp({ name: lab.name });
    try {
      await Promise.race([use(lab), interrupted]);
    } finally {
      await labDown({ name: lab.name });
    }
  }

  spawn(place: string, argv: readonly string[], stdio: StdioOptions): ChildProcess {
    const [file, ...args] = enterArgv(labTarget(this.name, place), argv);
    return spawn(file, args, { stdio });
  }
}
