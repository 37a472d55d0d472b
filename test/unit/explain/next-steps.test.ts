/** What to look at next, from the end of a journey. */
import { describe, expect, test } from 'vitest';
import { serviceChain } from '../../../src/explain/kube-proxy-chain.ts';
import { nextSteps } from '../../../src/explain/next-steps.ts';
import { serviceChain as chainOfLab } from '../../../src/lab/dataplane/kube-proxy.ts';
import type { Flow } from '../../../src/model/flow.ts';
import type { Journey, Outcome } from '../../../src/model/journey.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { placeLabels } from '../../../src/words/place-labels.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import { journeyOf } from './any-journey.ts';

interface Recorded {
  readonly journey: Journey;
  readonly flow: Flow | undefined;
}

function recorded(name: string, is: (journey: Journey) => boolean): Recorded {
  const { journeys } = replay(recordedBytes(name));
  const book = new FlowBook();
  for (const journey of journeys) book.add(journey);
  const journey = journeys.find(is)!;
  return { journey, flow: book.get(journey.flow ?? '') };
}

const isSyn = ({ summary }: Journey) => summary === 'SYN';
const texts = ({ journey, flow }: Recorded) => nextSteps(journey, flow).map(({ text }) => text);
const commands = ({ journey, flow }: Recorded) =>
  nextSteps(journey, flow).flatMap(({ command }) => command ?? []);

describe('next', () => {
  test('after a drop: its likely causes; what to look at is the command of the hop', () => {
    const drop = recorded('flannel-policy-drop', ({ outcome }) => outcome.kind === 'dropped');
    expect(texts(drop)[0]).toContain('NetworkPolicy');
    expect(commands(drop).filter(command => !command.startsWith('tracer'))).toEqual([]);
    expect(drop.journey.hops.at(-1)?.command).toBe('ip netns exec lab-golden-node-2 nft list ruleset');
  });

  test('nothing is guessed of a drop whose rule is known', () => {
    const { journey } = recorded('flannel-policy-drop', ({ outcome }) => outcome.kind === 'dropped');
    const rule = { table: 'filter', chain: 'FORWARD', text: '-j DROP', path: [], readNs: '0' };
    const ruled = (basis: 'computed' | 'possible') =>
      nextSteps({ ...journey, outcome: { ...journey.outcome, rule: { ...rule, basis } } as Outcome });
    expect(ruled('computed')).toEqual([]);
    expect(ruled('possible')[0]?.text).toContain('NetworkPolicy');
  });

  test('after a closed port: what listens there, and the answer', () => {
    const refused = recorded('flannel-closed-port', isSyn);
    expect(texts(refused)[0]).toContain('what listens there');
    expect(commands(refused)).toEqual(['ip netns exec lab-golden-nginx-2 ss -tlnp', 'tracer explain 2']);
  });

  test('after a service: all of its endpoints', () => {
    expect(commands(recorded('flannel-service-same-node', isSyn))).toEqual([
      'ip netns exec lab-golden-node-1 iptables -t nat -nvL KUBE-SVC-6IM33IEVEEV7U3GP',
    ]);
  });

  test('of a conversation that went wrong: the packet to look at', () => {
    const { journey, flow } = recorded('flannel-policy-drop', isSyn);
    const blamed = { ...flow!, blame: { journey: '99', hop: 0, text: '' } };
    expect(nextSteps(journey, blamed)).toContainEqual({
      text: 'the packet of this conversation to look at first',
      command: 'tracer explain 99',
    });
    const itself = { ...blamed, blame: { ...blamed.blame, journey: journey.id } };
    expect(commands({ journey, flow: itself }).filter(command => command.startsWith('tracer'))).toEqual([]);
  });

  test.each<readonly [string, Outcome]>([
    ['the tracer lost events', { kind: 'lost', cause: 'ring', at: 1 }],
    ['nothing is missing', { kind: 'dropped', reason: 'TCP_OFOMERGE', location: 'x', at: 1 }],
    ['SKB_DROP_REASON_OF_TOMORROW', { kind: 'dropped', reason: 'OF_TOMORROW', location: 'x', at: 1 }],
    ['knows nothing more', { kind: 'dropped', reason: 'NOT_SPECIFIED', location: 'x', at: 1 }],
  ])('%s', (text, outcome) => {
    const steps = nextSteps({ ...journeyOf(['n1 tx eth0', 'n2 rx eth0']), outcome });
    expect(steps[0]?.text).toContain(text);
  });

  test('nothing is told to be run where there is no way in', () => {
    const { journey } = recorded('flannel-policy-drop', ({ outcome }) => outcome.kind === 'dropped');
    const hops = journey.hops.map(({ command: _, ...hop }) => hop);
    expect(commands({ journey: { ...journey, hops }, flow: undefined })).toEqual([]);
  });
});

describe("kube-proxy's chain", () => {
  const service = { kind: 'service', namespace: 'default', name: 'web', ip: '10.96.0.9' } as const;

  test('is the one that kube-proxy writes', () => {
    expect(serviceChain(service, 'tcp')).toBe(chainOfLab('SVC', 'default/web', 'tcp'));
    expect(serviceChain({ ...service, portName: 'http' }, 'udp')).toBe(
      chainOfLab('SVC', 'default/web:http', 'udp'),
    );
  });

  test('is none of what is no service', () => {
    expect(serviceChain({ ...service, kind: 'pod' }, 'tcp')).toBeUndefined();
    expect(serviceChain({ kind: 'service', ip: '10.96.0.9' }, 'tcp')).toBeUndefined();
  });
});

describe('labels from the journey alone', () => {
  test.each(['flannel-service-cross-node', 'kindnet-service-cross-node', 'flannel-nodeport'])(
    'of %s are those of the inventory',
    name => {
      const { journeys, pipeline } = replay(recordedBytes(name));
      for (const journey of journeys) {
        const label = placeLabels(journey);
        for (const hop of journey.hops)
          expect(label(hop)).toBe(pipeline.places.netns(Number(hop.netns.cookie), pipeline.nowNs).label);
      }
    },
  );
});
