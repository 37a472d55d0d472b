/**
 * Says at the end of a run what was skipped and why; a skip without a reason fails the run. Writes one line for the
 * summary of npm test into the file that TRACER_TEST_SUMMARY names.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

interface Skip {
  readonly test: string;
  readonly reason: string | undefined;
}

/** A test whose suite or file broke before its turn was not skipped: the failure itself is reported. */
function wasNotReached(test: TestCase): boolean {
  let parent: TestSuite | TestModule = test.parent;
  while (parent.type === 'suite' && parent.errors().length === 0) parent = parent.parent;
  return parent.errors().length > 0;
}

function skipOf(test: TestCase): Skip | undefined {
  const result = test.result();
  return result.state === 'skipped' ? { test: test.fullName, reason: result.note } : undefined;
}

// vitest loads a reporter by its default export.
export default class SkipReporter implements Reporter {
  #byName = false;

  onInit(vitest: Vitest): void {
    // With -t whatever does not match counts as skipped, too.
    this.#byName = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()]);
    const notReached = tests.filter(wasNotReached);
    const skips = tests
      .filter(test => !this.#byName && !notReached.includes(test))
      .map(skipOf)
      .filter(skip => skip !== undefined);
    for (const { test, reason } of skips) console.log(`skipped: ${test}: ${reason ?? 'NO REASON GIVEN'}`);
    if (skips.some(({ reason }) => reason === undefined)) {
      console.log('a skip has to name the missing feature: context.skip(reason)');
      process.exitCode = 1;
    }
    const failed = tests.filter(test => test.result().state === 'failed').length;
    const passed = tests.filter(test => test.result().state === 'passed').length;
    const file = process.env.TRACER_TEST_SUMMARY;
    if (file === undefined) return;
    const counts = [
      `${passed} passed`,
      failed > 0 ? `${failed} failed` : '',
      notReached.length > 0 ? `${notReached.length} not reached` : '',
      skips.length > 0 ? `${skips.length} skipped (reasons above)` : '',
    ];
    writeFileSync(file, `${counts.filter(text => text !== '').join(', ')}\n`);
  }
}
