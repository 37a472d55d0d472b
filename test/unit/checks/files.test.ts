import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesIn, projectFiles, textOf } from './project-files.ts';

const sourceFolders = ['src/', 'web/', 'bpf/', 'test/', 'scripts/', 'bin/'];
const sources = sourceFolders.flatMap(folder =>
  filesIn(folder, ['.ts', '.tsx', '.css', '.js', '.c', '.h', '.sh', '.bt', '/setup', '/run', '/tracer']),
);
const lineCeiling = 400;

test('there are sources to check', () => {
  expect(sources).toContain('src/model/journey.ts');
  expect(sources).toContain('bin/tracer');
  expect(sources).toContain('scripts/lib/node.sh');
});

test(`no source has more than ${lineCeiling} lines (generated ones aside)`, () => {
  const tooLong = sources
    .filter(path => !path.includes('.generated.'))
    .map(path => ({ path, lines: textOf(path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > lineCeiling);
  expect(tooLong).toEqual([]);
});

test('no file has a name that says nothing', () => {
  const empty = /^(utils?|types?|common|helpers?|misc|shared|lib)\.\w+$/;
  expect(sources.filter(path => !path.startsWith('test/') && empty.test(basename(path)))).toEqual([]);
});

test('relative imports in TypeScript are the only ones with an ending: no .js file stands beside its source', () => {
  expect(filesIn('src/', ['.js', '.d.ts'])).toEqual([]);
});

describe('what the project says', () => {
  // Recorded data keeps the words of the machine that it was recorded on.
  const texts = projectFiles().filter(
    path => !path.includes('/fixtures/') && !/\.(png|gif|pcap|pcapng|tracer|o|gz)$/.test(path),
  );

  test.each([
    [
      'a package registry or mirror',
      /npmjs\.(org|com)|yarnpkg\.com|deb\.debian\.(org|net)|archive\.ubuntu\.com|pypi\.org/,
    ],
    ['the home of one person', /\/(?:home|Users)\/(?!alice\b|bob\b|user\b|vagrant\b|runner\b)[a-z]\w*/],
    ['an unfinished merge', /^(?:<{7}|>{7}) /m],
  ])('never names %s', (_what, pattern) => {
    const found = texts.flatMap(path => {
      const match = textOf(path).match(pattern);
      return match === null ? [] : [`${path}: ${match[0]}`];
    });
    expect(found).toEqual([]);
  });
});
