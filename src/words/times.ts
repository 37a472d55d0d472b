/** Times for a person: every one on the screen is written here. */

const US = 1_000;
const MS = 1_000_000;
const S = 1_000_000_000;

/** How long something took, in three digits: µs below 1 ms, ms below 1 s, then s. A tenth of a µs is the finest. */
export function duration(ns: number): string {
  if (ns < 999.5 * US) return `${threeDigits(ns / US, 1)} µs`;
  if (ns < 999.5 * MS) return `${threeDigits(ns / MS, 2)} ms`;
  return `${threeDigits(ns / S, 2)} s`;
}

function threeDigits(value: number, finest: number): string {
  return value.toFixed(value < 9.995 ? finest : value < 99.95 ? 1 : 0);
}

/** When, since the first packet: one unit down the whole column. Packets are shown as they close, so one may be older. */
export function since(ns: number): string {
  return `${ns < 0 ? '−' : '+'}${(Math.abs(ns) / MS).toFixed(3)} ms`;
}

/** The offsets of a journey's hops have one unit, by how long the whole took. */
export function offsets(totalNs: number): (ns: number) => string {
  return totalNs < 10 * MS ? ns => `${(ns / US).toFixed(1)} µs` : ns => `${(ns / MS).toFixed(3)} ms`;
}

/** A mark of a scale whose marks are `stepNs` apart: no more digits than tell them from each other. */
export function mark(ns: number, stepNs: number): string {
  const [unit, name] = ns < MS && stepNs < MS ? [US, 'µs'] : ns < S && stepNs < S ? [MS, 'ms'] : [S, 's'];
  const digits = Math.max(0, Math.ceil(-Math.log10(stepNs / unit) - 1e-9));
  return `${(ns / unit).toFixed(digits)} ${name}`;
}
