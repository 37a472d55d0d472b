import { describe, expect, test } from 'vitest';
import { ownCommand, parseSsh } from '../../../src/collect/own.ts';
import { watchCommands } from '../../../src/collect/watch.ts';

describe('the ssh session', () => {
  test('is what the ssh server says', () => {
    expect(parseSsh('198.51.100.7 50122 192.0.2.1 22')).toEqual({
      a: { ip: '198.51.100.7', port: 50122 },
      b: { ip: '192.0.2.1', port: 22 },
    });
    expect(parseSsh('2001:db8::1 50122 2001:db8::2 22')?.b.ip).toBe('2001:db8::2');
  });

  test.each([[undefined], [''], ['192.0.2.1'], ['a; b 1 c 2'], ['192.0.2.1 x 192.0.2.2 22']])(
    'is none where it says %j',
    text => expect(parseSsh(text)).toBeUndefined(),
  );
});

test('the collector’s line: 0 is any', () => {
  expect(ownCommand({ a: { ip: '127.0.0.1', port: 7077 }, b: {} })).toBe('own 0 127.0.0.1 7077 0 0');
  expect(ownCommand({ netns: '7', a: {}, b: { port: 22 } })).toBe('own 7 0 0 0 22');
});

test('is said with each watch', () => {
  expect(watchCommands([], [4789], [], [{ a: { port: 1 }, b: {} }])).toEqual([
    'begin',
    'tunnel 4789',
    'own 0 0 1 0 0',
  ]);
});
