/** Which ways there are to put a program into this kernel: the collector tries each (bpf/collector/mechanisms.c), and nothing stays. */
import { execa } from 'execa';
import { collectorProgram } from './collector.ts';

export interface Mechanism {
  readonly name: string;
  /** `unknown`: hidden by what this user may not do. */
  readonly state: 'yes' | 'no' | 'unknown';
  readonly reason?: string;
}

export interface Mechanisms {
  /** Of the collector, one bit each: they may be given to the file. */
  readonly capabilities: bigint;
  readonly mechanisms: readonly Mechanism[];
}

/** undefined: it cannot be run here. */
export async function readMechanisms(): Promise<Mechanisms | undefined> {
  const { stdout, failed } = await execa(collectorProgram(), ['--mechanisms'], {
    reject: false,
    stdin: 'ignore',
    timeout: 10_000,
  });
  if (failed) return undefined;
  try {
    const { capabilities, mechanisms } = JSON.parse(stdout);
    return { capabilities: BigInt(`0x${capabilities}`), mechanisms };
  } catch {
    return undefined; // a collector of another version
  }
}
