/**
 * Does the command of each hop run on this host, and show what the hop's text says? All that real journeys print are run, while the
 * namespaces of their scenario are there, by a shell, as a reader would run them.
 */
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { nextSteps } from '../../src/explain/next-steps.ts';
import type { Cni } from '../../src/lab/dataplane/plan.ts';
import { labDown } from '../../src/lab/down.ts';
import { findScenario } from '../../src/lab/scenarios/run.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Hop, Journey } from '../../src/model/journey.ts';
import { FlowBook } from '../../src/store/flow-book.ts';
import { CLOSED_NS, Following } from '../helpers/following.ts';
import { testLabName } from '../helpers/lab.ts';
import { until } from '../helpers/processes.ts';
import { show } from '../helpers/scenario-run.ts';

const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

const inCluster = [
  ...['same-node', 'cross-node', 'service', 'hairpin', 'dns', 'nodeport', 'outside', 'apiserver'],
  ...['same-pod-containers', 'localhost', 'ping-clusterip', 'closed-port', 'no-endpoints', 'policy-drop'],
];
const onWires = ['veth-pair', 'bridge-learning', 'arp', 'forward-off', 'no-route', 'mtu'];

/** What the output of a hop's command must have in it, by what its text says. */
function claimsOf({
  layer,
  stage,
  text,
  command = '',
  changes,
  route,
  tunnel,
  tuple,
  outcomeIsHere,
}: Asked): string[] {
  const claims = [
    ...[...text.matchAll(/MAC ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/g)].map(match => match[1]!),
    ...[...text.matchAll(/(?:port of|^) ?bridge (\S+)/g)].map(match =>
      command.includes(' br ') ? '' : match[1]!,
    ),
    ...[...text.matchAll(/: (\S+) is an address of/g)].map(match => match[1]!),
    ...[...text.matchAll(/behind (\d\S+)/g)].map(match => `dst ${match[1]}`),
  ];
  if (route?.dev !== undefined) claims.push(`dev ${route.dev}`);
  if (route?.via !== undefined) claims.push(`via ${route.via}`);
  if (/ has the route /.test(text))
    claims.push(...(/(via \S+ )?dev \S+/.exec(text.split(' has the route ')[1]!) ?? []).slice(0, 1));
  if (layer === 'tunnel' && stage === 'decap') claims.push('vxlan id');
  if (layer === 'tunnel' && tunnel !== undefined) claims.push(tunnel.dst);
  if (layer === 'netfilter' && changes.length > 0)
    for (const end of [changes[0]!.from, changes[0]!.to]) claims.push(`=${end?.replace(/:\d+$/, '')}`);
  if (layer === 'socket' && outcomeIsHere && command.includes(' ss ')) claims.push(`:${tuple!.dport}`);
  return claims.filter(claim => claim !== '');
}

type Asked = Hop & { readonly outcomeIsHere: boolean };

/** Those of what to look at next, as `tracer explain` prints them, and what the chain of a service has to list. */
function nextCommands(journeys: readonly Journey[]): Map<string, string> {
  const book = new FlowBook();
  for (const journey of journeys) book.add(journey);
  const commands = new Map<string, string>();
  for (const journey of journeys)
    for (const { command } of nextSteps(
      journey,
      journey.flow === undefined ? undefined : book.get(journey.flow),
    ))
      if (command !== undefined && !command.startsWith('tracer '))
        commands.set(command, / KUBE-SVC-/.test(command) ? `-> ${endOf(journey)} ` : '');
  return commands;
}

/** Of the endpoint that was chosen. */
function endOf({ hops }: Journey): string {
  const chosen = hops.flatMap(({ changes }) => changes).find(({ by }) => by === 'dnat');
  return chosen?.to ?? '';
}

/** Each command once with all that it is to show. A socket of the answered side may have gone, a listening one has not. */
function asked(journeys: readonly Journey[]): Map<string, Asked[]> {
  const commands = new Map<string, Asked[]>();
  for (const { hops, direction, outcome } of journeys) {
    for (const hop of hops) {
      if (hop.command === undefined) continue;
      const outcomeIsHere = direction === 'request' && outcome.kind === 'delivered';
      commands.set(hop.command, [...(commands.get(hop.command) ?? []), { ...hop, outcomeIsHere }]);
    }
  }
  return commands;
}

async function check(journeys: readonly Journey[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [command, hops] of asked(journeys)) {
    const { exitCode, stdout, stderr } = await execa('bash', ['--norc', '-c', command], {
      reject: false,
      env,
    });
    if (exitCode !== 0) wrong.push(`${command}: exit code ${exitCode}, ${stderr}`);
    for (const hop of hops)
      for (const claim of claimsOf(hop))
        if (!stdout.includes(claim))
          wrong.push(`${command}: no "${claim}" in its output, but "${hop.text}"\n${stdout}`);
  }
  for (const [command, claim] of nextCommands(journeys)) {
    const { exitCode, stdout, stderr } = await execa('bash', ['--norc', '-c', command], {
      reject: false,
      env,
    });
    if (exitCode !== 0 || !stdout.includes(claim))
      wrong.push(`${command}: exit code ${exitCode}, to show "${claim}"\n${stdout}${stderr}`);
  }
  return [...new Set(wrong)];
}

describe.each(['flannel', 'kindnet'] as const)('with %s', (cni: Cni) => {
  const lab = testLabName(`expl${cni}`);
  let following: Following | undefined;
  const tools = new Map<string, number>();
  beforeAll(async () => {
    await labUp({ name: lab, cni });
    following = await Following.start();
  });
  afterAll(async () => {
    await following?.stop();
    await labDown({ name: lab });
  });

  // Those on wires of their own are the same with each CNI.
  it.each([...inCluster, ...(cni === 'flannel' ? onWires : [])])(
    'the commands of %s show what they are to',
    async name => {
      const { journeys } = await show(following!, lab, findScenario(name), async shown => {
        expect(shown.journeys.length).toBeGreaterThan(0);
        expect(await check(shown.journeys)).toEqual([]);
      });
      for (const command of asked(journeys).keys()) {
        const tool = command
          .replace(/^ip netns exec \S+ /, '')
          .split(' -')[0]!
          .split(' ')
          .slice(0, 2)
          .join(' ');
        tools.set(tool, (tools.get(tool) ?? 0) + 1);
      }
    },
  );

  it('all kinds of commands were among them', () => {
    const all = ['ip route', 'ip neigh', 'ip addr', 'ip link', 'conntrack', 'nft list', 'ss'];
    const ofBridge = ['bridge link', 'bridge fdb'];
    expect([...tools.keys()]).toEqual(
      expect.arrayContaining([...all, ...(cni === 'flannel' ? ofBridge : [])]),
    );
  });
});

it('a namespace without a name is entered by a process of it', async () => {
  const holder = execa('unshare', ['-n', 'sleep', '60']);
  const inside = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  const [enter, ...into] = inside as [string, string];
  onTestFinished(() => void holder.kill('SIGKILL'));
  holder.catch(() => {});
  const following = await Following.start();
  try {
    const own = (await execa('readlink', ['/proc/self/ns/net'])).stdout;
    await until(
      'it has a namespace',
      async () => (await execa('readlink', [`/proc/${holder.pid}/ns/net`])).stdout !== own,
      5000,
    );
    await execa(enter, [...into, 'ip', 'link', 'set', 'lo', 'up'], { env });
    const view = await following.finds(({ snapshot }) =>
      snapshot.processes.some(({ pid }) => pid === holder.pid),
    );
    await following.watch([{ proto: 'any', a: { netns: [view.cookie] }, b: { any: true } }]);
    await execa(enter, [...into, 'ping', '-c1', '127.0.0.1'], { env });
    await following.settle(CLOSED_NS);
    const journeys = following.told().all.map(({ journey }) => journey);
    expect(
      [...asked(journeys).keys()].filter(command => command.startsWith(inside.join(' '))).length,
    ).toBeGreaterThan(1);
    expect(await check(journeys)).toEqual([]);
  } finally {
    await following.stop();
  }
});
