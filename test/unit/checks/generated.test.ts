import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateLayoutText, layoutFile } from '../../../scripts/generate-layout.ts';
import { generateSchemaText, schemaFile } from '../../../scripts/generate-schema.ts';
import { root } from './project-files.ts';

// When one of these fails: npm run build, and commit what it changed.

test('src/model/schema.generated.ts is what the types say now', () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(generateSchemaText());
});

test('src/model/layout.generated.ts is what bpf/record.h says now', context => {
  const tools = spawnSync('sh', ['-c', 'PATH=$PATH:/usr/sbin; command -v clang && command -v bpftool']);
  if (tools.status !== 0) context.skip('needs clang and bpftool');
  const out = mkdtempSync(join(tmpdir(), 'tracer-layout-'));
  try {
    const make = spawnSync('make', ['-C', `${root}bpf`, `OUT=${out}`, `${out}/layout.o`], {
      encoding: 'utf8',
    });
    expect(make.stderr).toBe('');
    expect(readFileSync(layoutFile, 'utf8')).toBe(generateLayoutText(`${out}/layout.o`));
  } finally {
    rmSync(out, { recursive: true });
  }
});
