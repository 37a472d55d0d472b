import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root, textOf } from './project-files.ts';

/** A PATH with the standard tools alone: no compiler, no network tools, no apt-get. */
let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tracer-tools-'));
  for (const tool of ['grep', 'awk', 'sort', 'paste', 'ls', 'id', 'sh']) {
    const found = spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    // A script and no link: a fake of the same name must never be written through to the real tool.
    fakeTool(tool, `exec ${found} "$@"`);
  }
});

afterEach(() => rmSync(path, { recursive: true }));

const fakeTool = (name: string, lines: string): void =>
  writeFileSync(`${path}/${name}`, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });

function ensureHostTools(purpose = '') {
  const script = `set -eu; root=${root}; for part in say root host-tools; do . ${root}scripts/lib/$part.sh; done
    PATH=${path}; ensure_host_tools ${purpose}; echo done`;
  return spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
}

describe('ensure_host_tools', () => {
  test('without apt lists what is missing, how it is called elsewhere, and fails', () => {
    const { status, stdout, stderr } = ensureHostTools();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/command +bpftool +for the build +Debian: bpftool, Fedora: bpftool, Arch: bpf$/m);
    expect(stderr).toMatch(/command +conntrack +for the lab /m);
    expect(stderr).not.toContain('installing');
  });

  test('with apt but no way to root says what root has to install', () => {
    fakeTool('apt-get', 'echo called');
    fakeTool('id', 'echo 1000');
    const { status, stdout, stderr } = ensureHostTools();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/root is needed to install .*\bclang\b/);
    expect(stderr).toMatch(/hint: as root: apt-get install --no-install-recommends .*\bclang\b/);
  });

  test('without a terminal a sudo that asks for a password is no way to root', () => {
    fakeTool('apt-get', 'echo called');
    fakeTool('id', 'echo 1000');
    fakeTool('sudo', '[ "$1" != -n ]');
    expect(ensureHostTools().stderr).toContain('root is needed to install');
  });

  test('through sudo says what for, and installs only what is missing', () => {
    fakeTool('apt-get', 'echo called');
    fakeTool('id', 'echo 1000');
    fakeTool('make', '');
    fakeTool('sudo', '[ "$1" = -n ] || echo "sudo: $*"; exit 0');
    const { stdout, stderr } = ensureHostTools();
    expect(stderr).toContain('calling sudo to install Debian packages');
    expect(stdout).toMatch(/^sudo: -- .*scripts\/setup --apt-install .*\bclang\b/);
    expect(stdout).not.toMatch(/\bmake\b/);
    // The fake has installed nothing: that is noticed.
    expect(stderr).toContain('missing on this host');
  });

  test('asks for QEMU only where other kernels are to be booted', () => {
    expect(ensureHostTools().stderr).not.toMatch(/qemu/i);
    const { status, stderr } = ensureHostTools('guest');
    expect(status).toBe(1);
    expect(stderr).toMatch(/command +qemu-system-x86_64 +for the guest +Debian: qemu-system-x86,/);
    expect(stderr).not.toContain('clang');
  });

  test('asks for no command that is there', () => {
    for (const [, command] of textOf('scripts/host-tools.txt').matchAll(/^command +(\S+)/gm))
      fakeTool(command!, '');
    expect(ensureHostTools().stderr).not.toContain('command  ');
  });
});
