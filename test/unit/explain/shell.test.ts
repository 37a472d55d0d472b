/** Commands are given to a real shell: what comes out must be the words that went in. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellLine, shellParts, shellWord } from '../../../src/explain/shell.ts';

/** As bash splits it. */
function wordsOf(line: string): string[] {
  const out = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${line}`], {
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8' },
  });
  return out.split('\0').slice(0, -1);
}

const hostile = [
  "e$(x)'y",
  'a b',
  '`id`',
  '-rf',
  '*',
  '~',
  '~root',
  '$HOME',
  '!!',
  '"',
  "'",
  '\\',
  "\\'",
  '#x',
  '&',
  ';',
  '|',
  '<>',
  '(',
  '{a,b}',
  'x=1',
  '\u001b[2J',
  'a\nb',
  "\u001b'\\n",
  '\u00857',
  'vethé',
  '日本',
  '[a-z]',
];

/** What a file name may hold: all but NUL and "/"; a lone half of a pair is no text. */
const anyWord = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 15 })
  .map(text => text.toWellFormed().replace(/[\0/]/g, 'x'));

describe('a command', () => {
  test('is taken by a shell for its words, whatever is in them', () => {
    expect(wordsOf(shellLine(hostile))).toEqual(hostile);
  });

  test('is taken for any words', () => {
    fc.assert(
      fc.property(fc.array(anyWord, { minLength: 1, maxLength: 200 }), words => {
        expect(wordsOf(shellLine(words))).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });

  test('has nothing that steers a terminal', () => {
    fc.assert(
      fc.property(anyWord, word => {
        expect(shellWord(word)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('is plain where nothing needs quotes', () => {
    expect(
      shellLine(['ip', 'netns', 'exec', 'lab-node-1', 'ip', '-d', 'link', 'show', 'dev', 'flannel.1']),
    ).toBe('ip netns exec lab-node-1 ip -d link show dev flannel.1');
  });

  test('can be broken between its words and nowhere else', () => {
    fc.assert(
      fc.property(fc.array(anyWord, { minLength: 1, maxLength: 20 }), words => {
        expect(shellParts(shellLine(words))).toEqual(words.map(shellWord));
      }),
    );
  });
});
