/** What a benchmark prints: `name value unit` on stdout, one figure a line; remarks on stderr. */
import { loadavg } from 'node:os';

export function report(name: string, value: number, unit: string): void {
  process.stdout.write(`${name} ${rounded(value)} ${unit}\n`);
}

export function remark(text: string): void {
  process.stderr.write(`# ${text}\n`);
}

export function remarkLoad(when: string): void {
  remark(`load average ${when}: ${loadavg()[0]!.toFixed(2)}`);
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The value below which `share` of them lie; 0.5 = the median. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
