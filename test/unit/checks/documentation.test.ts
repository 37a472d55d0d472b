import { describe, expect, test } from 'vitest';
import { errorRegistry } from '../../../src/base/errors.ts';
import { textOf } from './project-files.ts';

describe('docs/errors.md', () => {
  const headings = [...textOf('docs/errors.md').matchAll(/^## (\w+) \(exit code (\d+)\)$/gm)];

  test('describes every code of the registry with its exit code, and no other', () => {
    const described = headings.map(([, code, exit]) => `${code} ${exit}`);
    const registered = Object.entries(errorRegistry).map(([code, { exit }]) => `${code} ${exit}`);
    expect(described).toEqual(registered);
  });

  test('says something about each', () => {
    const sections = textOf('docs/errors.md').split(/^## /m).slice(1);
    for (const section of sections) {
      const [heading, ...text] = section.split('\n');
      expect(text.join(' ').trim().length, heading).toBeGreaterThan(40);
    }
  });
});

test('docs/requirements.md has a row for every tool and header that the set-up looks for', () => {
  const documented = textOf('docs/requirements.md')
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(cells => cells.length > 3);
  const wanted = [
    ...textOf('scripts/host-tools.txt').matchAll(/^(?:command|header|browser) +(\S+) +(\S+)/gm),
  ];
  expect(wanted.length).toBeGreaterThan(10);
  for (const [, name, debianPackage] of wanted) {
    const row = documented.find(([, names]) => names?.split(', ').includes(`\`${name}\``));
    expect(row?.[2], name).toMatch(new RegExp(`^\`${debianPackage}\``));
  }
});

test('every npm script is documented in CONTRIBUTING.md', () => {
  const scripts: Record<string, string> = JSON.parse(textOf('package.json')).scripts;
  for (const name of Object.keys(scripts)) {
    expect(textOf('CONTRIBUTING.md')).toContain(name === 'test' ? 'npm test' : `npm run ${name}`);
  }
});
