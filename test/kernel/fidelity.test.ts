/**
 * Is what the tracer says true? Every packet at every device of a lab, as tcpdump saw it, must be in exactly one right journey.
 * test/helpers/fidelity*.ts say how that is found out without the tracer's own reasoning.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { compareCounters, type DeviceCount, readCounters } from '../helpers/fidelity-counters.ts';
import { comparePayloads } from '../helpers/fidelity-payloads.ts';
import { failures, fidelityLine } from '../helpers/fidelity-report.ts';
import { runTraffic } from '../helpers/fidelity-run.ts';
import { testLabName } from '../helpers/lab.ts';
import { mixedTraffic, oneRequest } from '../helpers/traffic.ts';

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
    expect(run.stats).toEqual({ seen: run.events, lost: 0 });
  });

  it('agrees without tcpdump with device counters and logged payloads', async () => {
    const counts: DeviceCount[][] = [];
    const run = await runTraffic(name, mixedTraffic, {
      capture: false,
      atRest: async names => {
        counts.push(await readCounters(names));
      },
    });
    const devices = compareCounters(counts[0]!, counts[1]!, run.all, run);
    expect(devices.filter(device => !device.agrees)).toEqual([]);
    expect(devices.reduce((sum, device) => sum + device.counted, 0)).toBeGreaterThan(5_000);
    const payloads = comparePayloads(run.payloads, run.all);
    expect(payloads.filter(p => p.journeys !== p.sent || p.delivered !== p.received)).toEqual([]);
    expect(payloads.length).toBeGreaterThan(1_000);
    expect(run.suspectJoins).toBe(0);
    expect(run.stats).toEqual({ seen: run.events, lost: 0 });
  });
});
