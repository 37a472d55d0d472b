/**
 * Is what the tracer says true? Every packet at every device of a lab, as tcpdump saw it, must be in exactly one right journey.
 * test/helpers/fidelity*.ts say how that is found out without the tracer's own reasoning.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { failures, fidelityLine, runCounted, unexplained } from '../helpers/fidelity-report.ts';
import { runTraffic } from '../helpers/fidelity-run.ts';
import { testLabName } from '../helpers/lab.ts';
import { mixedTraffic, oneRequest } from '../helpers/traffic.ts';

/** A collector that does not get the CPU for a while: the ring fills up, again and again. */
function stopNowAndThen(pid: number): () => void {
  let ticks = 0;
  const timer = setInterval(() => process.kill(pid, ticks++ % 6 === 0 ? 'SIGSTOP' : 'SIGCONT'), 10);
  return () => {
    clearInterval(timer);
    process.kill(pid, 'SIGCONT');
  };
}

describe.each(['flannel', 'kindnet'] as const)('with %s', cni => {
  const name = testLabName(`fid${cni.slice(0, 4)}`);
  beforeAll(async () => {
    await labUp({ name, cni });
  });
  afterAll(async () => {
    await labDown({ name });
  });

  it('tells one request on one node as tcpdump does, device by device', async () => {
    const run = await runTraffic(name, [oneRequest]);
    const { observations, right, extra, journeys, complete } = run.captured!.fidelity;
    expect(failures(run, { atLeast: 36 })).toEqual([]);
    expect({ right, extra, complete }).toEqual({ right: observations, extra: 0, complete: journeys });
  });

  it('tells mixed traffic as tcpdump does', async () => {
    const run = await runTraffic(name, mixedTraffic);
    console.log(fidelityLine(cni, run));
    expect(failures(run)).toEqual([]);
    expect(run.stats).toEqual({ seen: run.events, lost: 0, own: 0, sampled: 0 });
  });

  // Before Linux 6.3 there is no other way to know; here both can be had. Ends that tell something are those of flannel's tunnel.
  if (cni === 'flannel')
    it('knows from the stack who ended a packet', async () => {
      const run = await runTraffic(name, mixedTraffic, { args: ['--location-by-stack'] });
      console.log(fidelityLine(`${cni}_by_stack`, run));
      expect(failures(run)).toEqual([]);
    });

  it('agrees without tcpdump with device counters and logged payloads', async () => {
    expect(await runCounted(name, mixedTraffic)).toEqual([]);
  });

  it('shows as incomplete whatever a ring buffer of 64 KiB could not hold', async () => {
    const run = await runTraffic(
      name,
      mixedTraffic.filter(step => step.load === true),
      {
        ringBytes: 65_536,
        args: ['--without-sampling'],
        onTraffic: stopNowAndThen,
      },
    );
    console.log(fidelityLine(`${cni}_64KiB`, run));
    const { wrongJoins, falseDrops, shownComplete, missing, examples } = run.captured!.fidelity;
    expect({ wrongJoins, falseDrops, shownComplete, suspectJoins: run.suspectJoins, examples }).toMatchObject(
      {
        wrongJoins: 0,
        falseDrops: 0,
        shownComplete: 0,
        suspectJoins: 0,
      },
    );
    expect(missing).toBeGreaterThan(100);
    expect(unexplained(run)).toEqual([]);
    expect(run.stats.seen).toBe(run.events + run.stats.lost);
  });
});
