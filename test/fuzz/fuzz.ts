/** `npm run fuzz [-- TARGET [RUNS [SEED]]]`: a million inputs, and the smallest that breaks something. */
import fc from 'fast-check';
import { fuzzTargets } from './targets.ts';

const [wanted, runs, seed] = process.argv.slice(2);
for (const target of fuzzTargets) {
  if (wanted !== undefined && wanted !== target.name) continue;
  const started = performance.now();
  const numRuns = runs === undefined ? target.runs : Number(runs);
  const usedSeed = seed === undefined ? Date.now() % 2 ** 31 : Number(seed);
  const property = fc.asyncProperty(await target.inputs(), async input => target.run(input));
  const details = await fc.check(property, { numRuns, seed: usedSeed, maxSkipsPerRun: 0 });
  const seconds = (performance.now() - started) / 1000;
  const rss = Math.round(process.memoryUsage().rss / 1e6);
  console.log(
    `${target.name}: ${details.numRuns} inputs in ${seconds.toFixed(0)} s, seed ${usedSeed}, ${rss} MB`,
  );
  if (!details.failed) continue;
  console.log(fc.defaultReportMessage(details));
  process.exitCode = 1;
}
