/** Does a scenario show what its table says? The same in every kernel: scenario-journeys.ts has the table. */
import { expect } from 'vitest';
import type { Cni } from '../../src/lab/dataplane/plan.ts';
import { findScenario } from '../../src/lab/scenarios/run.ts';
import type { Journey } from '../../src/model/journey.ts';
import type { Following } from './following.ts';
import { JourneyLines } from './journey-lines.ts';
import { expectedLines } from './scenario-journeys.ts';
import { ownNamespaces, show } from './scenario-run.ts';

const isArp = (line: string) => line.startsWith('none ARP');
const question = (line: string) => line.split(',')[0];
/** Of a TCP connection only how it begins or is refused is in the table. */
const isLater = ({ packet }: Journey) => packet.tcp !== undefined && !/[SR]/.test(packet.tcp.flags ?? '');
const unbridged = (text: string) => text.replaceAll(/cni0\??, /g, '');

/** Runs its traffic, followed as `tracer lab run NAME` does it. */
export async function checkScenario(
  following: Following,
  lab: string,
  cni: Cni,
  name: string,
): Promise<void> {
  const scenario = findScenario(name);
  const { exitCode, output, journeys } = await show(following, lab, scenario);
  expect({ exitCode, output }).toEqual({
    exitCode: scenario.expect.exitCode,
    output: expect.stringMatching(scenario.expect.output),
  });
  expect(ownNamespaces(lab)).toEqual([]);

  const [, pod, node] = /^(nginx-\d) on (node-\d)/.exec(output) ?? [];
  const expected = expectedLines(
    name,
    cni,
    pod === undefined || node === undefined ? undefined : { pod, node },
  );
  const lines = new JourneyLines(lab, journeys);
  const first = journeys.filter(journey => !isLater(journey));
  const told = first
    .map(journey => lines.line(journey))
    // A redirect is sent when the kernel likes to (ip_rt_send_redirect()); a neighbour is asked for when it was long not heard of.
    .filter(line => !line.startsWith('related ICMP redirect'))
    .filter(line => !isArp(line) || expected.some(each => question(each) === question(line)))
    .map(
      line => expected.find(each => each.includes('cni0?') && unbridged(each) === unbridged(line)) ?? line,
    );
  const whatCame = journeys.map(
    journey => `${journey.startNs} +${journey.durationNs} ${lines.line(journey)}`,
  );
  expect([...new Set(told)].sort(), whatCame.join('\n')).toEqual([...expected].sort());

  const ways = new Map(first.map(journey => [journey.direction, unbridged(lines.way(journey))]));
  for (const journey of journeys.filter(isLater)) {
    expect(unbridged(lines.way(journey))).toBe(ways.get(journey.direction));
    expect(journey, whatCame.join('\n')).toMatchObject({
      outcome: { kind: 'delivered' },
      complete: true,
      gaps: [],
    });
  }
}
