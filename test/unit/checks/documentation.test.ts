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

test('docs/requirements.md names every tool and header that the set-up looks for', () => {
  const requirements = textOf('docs/requirements.md');
  const rows = textOf('scripts/host-tools.txt')
    .split('\n')
    .filter(line => /^(command|header) /.test(line));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const [, name, debianPackage] = row.split(/\s+/);
    expect(requirements).toContain(`\`${name}\``);
    expect(requirements).toContain(`\`${debianPackage}\``);
  }
});

test('every npm script is documented in CONTRIBUTING.md', () => {
  const scripts: Record<string, string> = JSON.parse(textOf('package.json')).scripts;
  for (const name of Object.keys(scripts)) {
    expect(textOf('CONTRIBUTING.md')).toContain(name === 'test' ? 'npm test' : `npm run ${name}`);
  }
});
