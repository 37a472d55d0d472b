import { expect, test } from 'vitest';
import { textOf } from './project-files.ts';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
  textOf('package-lock.json'),
);
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

test('the lock file holds packages, each with its checksum', () => {
  expect(packages.length).toBeGreaterThan(10);
  expect(
    packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
  ).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

// npm ci refuses a lock file that lacks one, on every architecture, though it would not install it.
test('every optional dependency is locked, for the architectures of others too', () => {
  const missing = packages.flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter(name => !packages.some(([other]) => other.endsWith(`node_modules/${name}`)))
      .map(name => `${path} wants ${name}`),
  );
  expect(missing).toEqual([]);
});
