/**
 * The capture edition against eBPF, which knows each packet by its buffer: both follow the same packets at the same time. What tcpdump saw
 * of a packet must be what eBPF saw of that packet, in the same order: another packet's sight among them would be a wrong join.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Hop, Journey } from '../../src/model/journey.ts';
import { RunningTracer, tracer } from '../helpers/cli.ts';
import { testLabName } from '../helpers/lab.ts';
import { childrenOf, isRunning } from '../helpers/processes.ts';

const cnis = ['flannel', 'kindnet'] as const;
const labs = { flannel: testLabName('capf'), kindnet: testLabName('capk') };

beforeAll(async () => {
  for (const cni of cnis) await labUp({ name: labs[cni], cni });
});
afterAll(async () => {
  for (const cni of cnis) await labDown({ name: labs[cni] });
});

const journeysIn = (stdout: string): Journey[] =>
  stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Journey);

/** What is only this packet's: both editions show it. */
function keyOf({ packet, proto, from, direction }: Journey): string {
  const { ipId, tcp, icmp, dns, frag } = packet;
  return JSON.stringify([proto, direction, from.ip, from.port, ipId, tcp, icmp, frag, dns?.id, dns?.type]);
}

/** Devices alone: a capture has no sockets and hooks. */
function sightsOf({ hops }: Journey): string[] {
  return hops.filter(({ layer, inferred }) => layer === 'device' && inferred !== true).map(sightText);
}

function sightText({ netns, dev, stage, ttl, tuple, inner }: Hop): string {
  const seen = inner ?? tuple;
  return `${netns.name} ${dev} ${stage} ${ttl} ${seen?.src}:${seen?.sport} > ${seen?.dst}:${seen?.dport}`;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const text of whole) if (text === part[at]) at++;
  return at === part.length;
}

/** What is put together from fragments and cut again begins anew for eBPF, and looks the same to a capture. */
function isSeenIn(journey: Journey, twins: readonly Journey[]): boolean {
  const sights = sightsOf(journey);
  if (journey.packet.frag === undefined) return twins.some(twin => isSubset(sights, sightsOf(twin)));
  return sights.every(sight => twins.some(twin => sightsOf(twin).includes(sight)));
}

/** Both at once; the capture starts the command when it listens, eBPF has been following before. */
async function both(
  lab: string,
  dst: string,
  script: string,
): Promise<{ seen: Journey[]; captured: Journey[]; said: string }> {
  const args = ['follow', 'pod-a', dst, '--context', `lab:${lab}`, '-o', 'json'];
  const ebpf = await RunningTracer.following([...args.slice(1), '--no-hooks']);
  const capture = await tracer([...args, '--edition', 'capture', '--in', '--', 'sh', '-c', script]);
  const { stdout } = await ebpf.kill('SIGINT');
  return { seen: journeysIn(stdout), captured: journeysIn(capture.stdout), said: capture.stderr };
}

const requests =
  'for i in 1 2 3 4 5 6 7 8 9 10; do curl -sS -m 3 nginx-service; done; curl -sS -m 5 -o /dev/null "nginx-service/big?bytes=2000000"';
const pings = 'ping -c 20 -i 0.02 -M do 10.244.2.7 && ping -c 5 -i 0.02 -s 4000 10.244.2.7';

describe.each(cnis)('%s', cni => {
  it.each([
    ['requests to a service, and 2 MB from it', 'nginx-service', requests, 100],
    ['pings without an id, and some in fragments', '10.244.2.7', pings, 45],
  ])('%s: an ordered part of what eBPF saw of each packet', async (_, dst, script, atLeast) => {
    const { seen, captured, said } = await both(labs[cni], dst, script);
    const bySame = Map.groupBy(seen, keyOf);
    const compared = captured.map(journey => {
      const twins = bySame.get(keyOf(journey)) ?? [];
      const sights = sightsOf(journey);
      return {
        journey,
        sights,
        isFound: twins.length > 0,
        isPart: isSeenIn(journey, twins),
      };
    });
    const wrong = compared.filter(({ isFound, isPart }) => isFound && !isPart);
    expect(
      wrong.map(({ journey, sights }) => ({ sights, ebpf: bySame.get(keyOf(journey))?.map(sightsOf) })),
    ).toEqual([]);
    const found = compared.filter(({ isFound }) => isFound).length;
    console.log(
      `${cni} ${dst}: ${captured.length} packets captured, ${seen.length} by eBPF, ${found} the same, ${wrong.length} with a wrong join; ${said.trim().split('\n').at(-1)}`,
    );
    expect(captured.length).toBeGreaterThan(atLeast);
    expect(found).toBeGreaterThanOrEqual(0.98 * captured.length);
    // A datagram that a bridge puts together and cuts again is seen only between.
    const whole = captured.filter(({ links }) => !links.some(({ kind }) => kind === 'reassembly'));
    expect(whole.filter(({ complete }) => complete).length).toBeGreaterThanOrEqual(0.98 * whole.length);
  });
});

it.each(['SIGTERM', 'SIGKILL'] as const)('its tcpdumps end with it: %s', async signal => {
  const running = await RunningTracer.following([
    'pod-a',
    'any',
    '--context',
    `lab:${labs.flannel}`,
    '--edition',
    'capture',
  ]);
  const children = childrenOf(running.pid);
  expect(children.length).toBeGreaterThan(5);
  await running.kill(signal); // and nobody holds its stderr any more
  await expect.poll(() => children.filter(isRunning)).toEqual([]);
});
