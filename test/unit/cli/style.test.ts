import stringWidth from 'string-width';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { column, styleFor, wrap } from '../../../src/cli/render/style.ts';

afterEach(() => vi.unstubAllEnvs());

const paints = (mode: 'auto' | 'always' | 'never', isTty: boolean): boolean =>
  styleFor(mode, isTty).bad('x') !== 'x';

describe('colours', () => {
  test('on a terminal, not into a pipe', () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    expect(paints('auto', true)).toBe(true);
    expect(paints('auto', false)).toBe(false);
  });

  test('NO_COLOR with any value, or a dumb terminal, means none', () => {
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('NO_COLOR', '0');
    expect(paints('auto', true)).toBe(false);
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'dumb');
    expect(paints('auto', true)).toBe(false);
  });

  test('--color decides over both', () => {
    vi.stubEnv('NO_COLOR', '1');
    expect(paints('always', false)).toBe(true);
    vi.stubEnv('NO_COLOR', '');
    expect(paints('never', true)).toBe(false);
  });

  test('a place keeps its colour', () => {
    const style = styleFor('always', true);
    const first = style.place('node-1', 'x');
    expect(style.place('pod-a', 'x')).not.toBe(first);
    expect(style.place('node-1', 'x')).toBe(first);
  });
});

describe('text in columns', () => {
  test.each(['', 'eth0', 'veth0af40105', 'coredns-668d6bf9bc-7kx2m', '日本語のポッド'])('"%s"', text => {
    for (const width of [5, 10, 30]) expect(stringWidth(column(text, width))).toBe(width);
  });

  test('cut with an ellipsis', () => {
    expect(column('abcdefgh', 5)).toBe('abcd…');
  });

  test('is wrapped between words; a word that is longer stands alone', () => {
    expect(wrap('a bb ccc dddddddddd e', 5)).toEqual(['a bb', 'ccc', 'dddddddddd', 'e']);
    expect(wrap('  a   b ', 3)).toEqual(['a b']);
    expect(wrap('', 10)).toEqual([]);
  });

  test('is left as it is where it fits', () => {
    expect(wrap('  a   b ', 10)).toEqual(['a   b']);
  });

  test('is indented from its second line on', () => {
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', '  three', '  four']);
    for (const line of wrap('one two three four five six', 9, 4)) expect(line.length).toBeLessThanOrEqual(9);
  });
});
