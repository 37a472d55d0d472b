/**
 * Would test/kernel/fidelity.test.ts notice if identity were wrong? The collector is started with one of its rules off; the same
 * comparison must then fail.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { fidelityLine, runCounted, share, TARGET } from '../helpers/fidelity-report.ts';
import { runTraffic } from '../helpers/fidelity-run.ts';
import { testLabName } from '../helpers/lab.ts';
import { mixedTraffic } from '../helpers/traffic.ts';

describe('a collector that cannot tell packets apart', () => {
  const name = testLabName('fidmut');
  beforeAll(async () => {
    await labUp({ name, cni: 'flannel' });
  });
  afterAll(async () => {
    await labDown({ name });
  });

  it('is found out without the fingerprint', async () => {
    const run = await runTraffic(name, mixedTraffic, { args: ['--without-fingerprint'] });
    console.log(fidelityLine('without_fingerprint', run));
    expect(run.captured!.droppedByKernel).toBe(0);
    expect(share(run.captured!.fidelity)).toBeLessThan(TARGET);
    expect(run.captured!.fidelity.wrongJoins).toBeGreaterThan(0);
  });

  /** tcpdump holds on to what is sent, so that addresses are recycled less: this rule is needed where nobody watches. */
  it('is found out without the rule of birth', async () => {
    const found = await runCounted(name, mixedTraffic, { args: ['--without-birth'] });
    expect(found.join('\n')).toMatch(/suspect joins/);
  });
});
