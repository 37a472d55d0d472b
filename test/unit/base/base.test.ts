import { describe, expect, test } from 'vitest';
import { assert, unreachable } from '../../../src/base/assert.ts';
import { errorRegistry, TracerError } from '../../../src/base/errors.ts';
import { printable } from '../../../src/base/printable.ts';

describe('errors', () => {
  test('have the exit code and the hint of their code', () => {
    for (const [code, { exit, hint }] of Object.entries(errorRegistry)) {
      const error = new TracerError(code as keyof typeof errorRegistry, 'it failed');
      expect(error).toMatchObject({ code, hint, exitCode: exit, message: 'it failed', name: 'TracerError' });
      expect(error.cause).toBeUndefined();
    }
  });

  test('may know better what to do, and why it failed', () => {
    const cause = new Error('no space left');
    const error = new TracerError('INTERNAL', 'it failed', { hint: 'make room', cause });
    expect(error).toMatchObject({ hint: 'make room', cause });
  });

  test('end with 1 or 2: the other codes tell of packets', () => {
    for (const { exit } of Object.values(errorRegistry)) expect([1, 2]).toContain(exit);
  });
});

describe('assert', () => {
  test('what must hold', () => {
    assert(1 + 1 === 2, 'arithmetic');
    expect(() => assert(false, 'no packet')).toThrow('assertion failed: no packet');
    expect(() => unreachable('x' as never)).toThrow('assertion failed: unexpected "x"');
  });
});

describe('printable', () => {
  test.each([
    ['eth0', 'eth0'],
    ['naïve 日本 ✓', 'naïve 日本 ✓'],
    ['\u001b[2J', '\ufffd[2J'],
    ['a\nb\tc\u0000\u007f\u009b', 'a\ufffdb\ufffdc\ufffd\ufffd\ufffd'],
  ])('%j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});
