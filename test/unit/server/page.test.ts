import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { daemon } from './daemon.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracer-page-'));
  mkdirSync(join(folder, 'web/assets'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'not of the page');
  writeFileSync(join(folder, 'web/.built-from'), 'not for anybody');
  writeFileSync(join(folder, 'web/index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'web/assets/a-1.js'), 'plain');
  writeFileSync(join(folder, 'web/assets/a-1.js.gz'), gzipSync('plain'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const serve = (page = join(folder, 'web')) => daemon({ page }).server.app;

describe('the page', () => {
  test('is there without a token, and nothing from elsewhere may run in it', async () => {
    const answer = await serve().inject({ url: '/' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['cache-control']).toBe('no-cache');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test('comes packed to who takes it, and files that are named by what is in them are kept', async () => {
    const app = serve();
    const packed = await app.inject({ url: '/assets/a-1.js', headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['cache-control']).toContain('immutable');
    const plain = await app.inject({ url: '/assets/a-1.js', headers: { 'accept-encoding': 'identity' } });
    expect(plain.body).toBe('plain');
  });

  test.each([
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/assets/../../secret',
    '/assets/%2e%2e%2f%2e%2e%2fsecret',
    '/.built-from',
    '/nothing.js',
    '//etc/passwd',
  ])('has nothing at %s', async url => {
    const answer = await serve().inject({ url });
    expect([400, 404]).toContain(answer.statusCode);
    expect(answer.json()).toHaveProperty('error.code');
  });

  test.each([
    ['host', 'evil.example'],
    ['origin', 'http://evil.example'],
  ])('is not for another %s', async (name, value) => {
    const answer = await serve().inject({ url: '/', headers: { [name]: value } });
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('that was not built says how it is', async () => {
    const answer = await serve(join(folder, 'none')).inject({ url: '/' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'NOT_BUILT']);
    expect(answer.json().error.hint).toContain('npm run setup');
  });
});
