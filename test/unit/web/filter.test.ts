import { expect, test } from 'vitest';
import { fitsFlow, fitsJourney, parseFilter } from '../../../web/lists/filter.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import { daemon } from '../server/daemon.ts';

const { journeys } = replay(recordedBytes('flannel-service-cross-node'));
const dropped = replay(recordedBytes('flannel-policy-drop')).journeys;
const fitting = (text: string, of = journeys) =>
  of.filter(journey => fitsJourney(journey, parseFilter(text), () => 'closed')).length;

test.each([
  ['', 10],
  ['pod:pod-a', 10],
  ['svc:nginx-service port:80', 10],
  // Behind DNAT it is this one.
  ['port:8080 ip:10.244.2.7', 10],
  ['port:808', 0],
  ['node:node-2', 10],
  ['SYN', 2],
  ['-fin -syn', 6],
  ['proto:tcp state:closed', 10],
  ['state:open', 0],
  ['outcome:dropped', 0],
  ['10.96.45.123', 10],
  ['pod: -', 10],
  ['nobody', 0],
])('"%s" leaves %i of ten packets', (text, count) => {
  expect(fitting(text)).toBe(count);
});

test('finds drops by their reason', () => {
  expect(fitting('outcome:dropped', dropped)).toBe(2);
  expect(fitting('netfilter_drop', dropped)).toBe(2);
});

test('finds conversations by state and ends; of outcomes it judges by those that they count', () => {
  const flow = daemon({}, 'flannel-policy-drop').store.flow('1')!;
  const has = (text: string): boolean => fitsFlow(flow, parseFilter(text));
  expect(
    ['state:dropped', 'outcome:dropped', 'pod:denied', '-port:80', 'outcome:delivered'].filter(has),
  ).toHaveLength(5);
  expect(['state:closed', 'outcome:lost', 'pod:pod-a', 'port:80'].filter(has)).toEqual([]);
});
