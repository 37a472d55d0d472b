import { expect, test } from 'vitest';
import { WaitingLine } from '../../../src/engine/waiting-line.ts';

const PATIENCE_NS = 1e9;

test('what waits holds back what comes behind it, in order, and is told how long it has waited', () => {
  const line = new WaitingLine();
  const told: string[] = [];
  const known = new Set<string>();
  const add = (name: string, nowNs: number): void =>
    line.add(nowNs, waitedNs => {
      if (waitedNs < PATIENCE_NS && !known.has(name)) return false;
      told.push(known.has(name) ? name : `${name} late`);
      return true;
    });
  known.add('a').add('c').add('e');
  add('a', 0);
  expect(told).toEqual(['a']);
  add('b', 0);
  add('c', 10);
  expect(told).toEqual(['a']);
  known.add('b');
  line.go(20);
  expect(told).toEqual(['a', 'b', 'c']);
  add('d', 30);
  add('e', 40);
  line.go(30 + PATIENCE_NS - 1);
  expect(told).toEqual(['a', 'b', 'c']);
  line.go(30 + PATIENCE_NS);
  expect(told).toEqual(['a', 'b', 'c', 'd late', 'e']);
  add('f', 50);
  line.end();
  expect(told.at(-1)).toBe('f late');
});
