/** The figure that a run prints, and what makes it fail. */
import type { Fidelity } from './fidelity.ts';
import type { Run } from './fidelity-run.ts';

export const TARGET = 0.999;

export function share({ right, observations }: Fidelity): number {
  return observations === 0 ? 0 : right / observations;
}

/** One line, `name value unit …`. */
export function fidelityLine(name: string, run: Run): string {
  const f = run.captured!.fidelity;
  const number = (n: number) => n.toLocaleString('en');
  const percent = (share(f) * 100).toFixed(share(f) === 1 ? 0 : 3);
  const mistakes = [
    `${number(f.missing)} missing`,
    `${number(f.extra)} extra`,
    `${number(f.wrongJoins)} wrong joins`,
    `${number(f.splits)} splits`,
    `${number(run.suspectJoins)} suspect joins`,
    `${number(f.falseDrops)} false drops`,
    `${number(f.shownComplete)} shown complete`,
  ];
  const journeys = `${number(f.journeys)} journeys, ${number(f.complete)} complete`;
  return `fidelity.${name} ${percent} % of ${number(f.observations)} observations in one right journey (${journeys}): ${mistakes.join(', ')}`;
}

/** What must not be, in words; empty = the run is good. */
export function failures(run: Run, { atLeast = 10_000 } = {}): string[] {
  const f = run.captured!.fidelity;
  const found: string[] = [];
  if (run.captured!.droppedByKernel > 0)
    found.push(`tcpdump lost ${run.captured!.droppedByKernel} packets: the comparison proves nothing`);
  if (f.observations < atLeast) found.push(`only ${f.observations} observations`);
  if (share(f) < TARGET) found.push(`only ${f.right} of ${f.observations} observations are right`);
  if (f.ambiguous > f.journeys / 500) found.push(`${f.ambiguous} groups of packets cannot be told apart`);
  const none = {
    wrongJoins: f.wrongJoins,
    suspectJoins: run.suspectJoins,
    falseDrops: f.falseDrops,
    shownComplete: f.shownComplete,
  };
  for (const [kind, count] of Object.entries(none)) if (count > 0) found.push(`${count} ${kind}`);
  if (found.length === 0) return found;
  return [...found, ...Object.entries(f.examples).map(([kind, words]) => `${kind}:\n${words.join('\n')}`)];
}
