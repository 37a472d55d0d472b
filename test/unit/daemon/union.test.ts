/** What several follows want of the kernel, as one filter. */
import { describe, expect, test } from 'vitest';
import type { HookPlace, WatchRule } from '../../../src/collect/watch.ts';
import { isSameWatched, unionOf } from '../../../src/daemon/union.ts';

const rule = (a: string, b: string, proto: WatchRule['proto'] = 'any'): WatchRule => ({
  proto,
  a: { ips: [a] },
  b: { ips: [b] },
});
const watched = (rules: readonly WatchRule[], hooks: readonly HookPlace[] = []) => ({ rules, hooks });

describe('rules', () => {
  test('of the same two sides are one, in whichever direction they were asked for', () => {
    const union = unionOf([watched([rule('1.1.1.1', '2.2.2.2')]), watched([rule('2.2.2.2', '1.1.1.1')])]);
    expect(union.rules).toHaveLength(1);
  });

  test('of other protocols, addresses or namespaces stay apart', () => {
    const inside: WatchRule = { proto: 'any', a: { netns: ['7'] }, b: { any: true } };
    const union = unionOf([
      watched([rule('1.1.1.1', '2.2.2.2'), rule('1.1.1.1', '2.2.2.2', 'tcp')]),
      watched([rule('1.1.1.1', '3.3.3.3'), inside]),
    ]);
    expect(union.rules).toHaveLength(4);
  });

  test('make the same filter in whatever order the follows came', () => {
    const one = watched([rule('1.1.1.1', '2.2.2.2')]);
    const two = watched([rule('3.3.3.3', '4.4.4.4')]);
    expect(isSameWatched(unionOf([one, two]), unionOf([two, one]))).toBe(true);
    expect(isSameWatched(unionOf([one, two]), unionOf([one]))).toBe(false);
  });

  test('that the kernel has no room for are refused before it is asked', () => {
    const many = Array.from({ length: 33 }, (_, n) => watched([rule('1.1.1.1', `10.0.0.${n}`)]));
    expect(unionOf(many.slice(0, 32)).rules).toHaveLength(32);
    expect(() => unionOf(many)).toThrow(expect.objectContaining({ code: 'FILTER_FULL' }));
    const wide = Array.from({ length: 9 }, (_, n) => watched([rule(`10.${n}.0.0/16`, '1.1.1.1')]));
    expect(unionOf(wide.slice(0, 8)).rules).toHaveLength(8);
    expect(() => unionOf(wide)).toThrow(expect.objectContaining({ code: 'FILTER_FULL' }));
  });
});

describe('netfilter links', () => {
  test('of one place are the sum of what is wanted there', () => {
    const union = unionOf([
      watched([], [{ cookie: '5', family: 4, hooks: ['postrouting', 'prerouting'] }]),
      watched([], [{ cookie: '5', family: 4, hooks: ['forward', 'prerouting'] }]),
      watched([], [{ cookie: '5', family: 6 }]),
    ]);
    expect(union.hooks).toEqual([
      { cookie: '5', family: 4, hooks: ['prerouting', 'forward', 'postrouting'] },
      { cookie: '5', family: 6, hooks: ['prerouting', 'input', 'forward', 'output', 'postrouting'] },
    ]);
  });
});
