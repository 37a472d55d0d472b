import { describe, expect, test } from 'vitest';
import { watchCommands } from '../../../src/collect/watch.ts';

describe('watch commands', () => {
  test('say each rule and its sides', () => {
    const rules = [
      {
        proto: 'tcp',
        a: { ips: ['10.244.1.5', 'fd00::/64'], netns: ['4711'] },
        b: { ips: ['10.96.45.123'] },
      },
      { proto: 'any', a: { any: true }, b: { netns: ['12'] } },
    ] as const;
    expect(watchCommands(rules, [8472, 4789])).toEqual([
      'begin',
      'tunnel 8472',
      'tunnel 4789',
      'rule 0 tcp',
      'side 0 a 10.244.1.5',
      'side 0 a fd00::/64',
      'side 0 a netns:4711',
      'side 0 b 10.96.45.123',
      'rule 1 any',
      'side 1 a any',
      'side 1 b netns:12',
    ]);
  });

  test('nothing watched is an empty filter', () => {
    expect(watchCommands([], [])).toEqual(['begin']);
  });

  test('hooks name the namespace, the family by its number, and each hook by a bit', () => {
    const hooks = [
      { cookie: '1', family: 4 },
      { cookie: '2', family: 6, hooks: ['prerouting', 'forward'] },
    ] as const;
    expect(watchCommands([], [], hooks).slice(1)).toEqual(['hooks 1 2 31', 'hooks 2 10 5']);
  });
});
