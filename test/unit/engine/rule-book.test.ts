import { describe, expect, test } from 'vitest';
import { RuleBook } from '../../../src/engine/rule-book.ts';
import type { RulesetSnapshot } from '../../../src/model/ruleset-snapshot.ts';

const text = (chain: string): string => `*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ${chain}\nCOMMIT\n`;

function read(timeNs: number, chain?: string): RulesetSnapshot {
  const base = { cookie: '7', timeNs: String(1000 + timeNs) };
  return chain === undefined
    ? base
    : {
        ...base,
        sources: [{ kind: 'iptables-save', family: 'ip', dialect: 'iptables-nft', text: text(chain) }],
      };
}

const chainsAt = (book: RuleBook, timeNs: number): string[] =>
  book.at('7', timeNs).map(({ ruleset }) => ruleset.tables[0]!.chains.get('FORWARD')!.rules[0]!.text);

describe('rules of a moment', () => {
  test('the nearest reading comes first, and says when it was', () => {
    const book = new RuleBook(1000n);
    book.apply(read(1e9, 'ONE'));
    book.apply(read(9e9, 'TWO'));
    expect(chainsAt(book, 2e9)).toEqual(['-A FORWARD -j ONE', '-A FORWARD -j TWO']);
    expect(chainsAt(book, 8e9)[0]).toBe('-A FORWARD -j TWO');
    expect(book.at('7', 8e9)[0]!.readNs).toBe(9e9);
  });

  test('what was read twice the same was so between', () => {
    const book = new RuleBook(1000n);
    book.apply(read(1e9, 'ONE'));
    book.apply(read(5e9));
    expect(book.at('7', 3e9).map(({ readNs }) => readNs)).toEqual([3e9]);
  });

  test('what is not read near to a packet is missing, if anybody reads', () => {
    const book = new RuleBook(1000n);
    book.at('7', 0);
    expect(book.takeMissing()).toEqual([]);
    book.isRead = true;
    book.at('7', 0);
    expect(book.takeMissing()).toEqual(['7']);
    expect(book.takeMissing()).toEqual([]);
    book.apply(read(1e9, 'ONE'));
    book.at('7', 2e9);
    expect(book.takeMissing()).toEqual([]);
    book.at('7', 19e9);
    expect(book.takeMissing()).toEqual(['7']);
  });

  test('what older rules do not explain is asked for, what newer ones do not is not', () => {
    const book = new RuleBook(1000n);
    book.isRead = true;
    book.apply(read(1e9, 'ONE'));
    book.explainsNot('7', 2e9);
    expect(book.takeMissing()).toEqual(['7']);
    book.apply(read(3e9));
    book.explainsNot('7', 2e9);
    book.explainsNot('7', 4e9);
    expect(book.takeMissing()).toEqual([]);
    book.apply(read(5e9, 'TWO'));
    book.explainsNot('7', 6e9);
    expect(book.takeMissing()).toEqual(['7']);
  });

  test('each reading is a new state of the names', () => {
    const book = new RuleBook(0n);
    const { rev } = book;
    book.apply(read(1));
    expect(book.rev).toBeGreaterThan(rev);
  });
});
