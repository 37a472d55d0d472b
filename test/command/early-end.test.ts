/** Ctrl-C while a following is still being started. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tracerWith } from './run-tracer.ts';

/** A cluster that takes questions and never answers, and the kubeconfig that leads to it. */
async function silentCluster(onAsked: () => void): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.once('data', onAsked);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'tracer-silent-'));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const file = join(folder, 'kubeconfig');
  const clusters = [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }];
  const contexts = [{ name: 'silent', context: { cluster: 'c', user: 'u' } }];
  const users = [{ name: 'u', user: { token: 'x' } }];
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters,
      contexts,
      users,
      'current-context': 'silent',
    }),
  );
  return file;
}

test('does not wait for a cluster that does not answer, says that nothing was followed, leaves no file', async () => {
  const pid = Promise.withResolvers<number>();
  const asked = Promise.withResolvers<void>();
  const kubeconfig = await silentCluster(() => asked.resolve());
  const session = `${kubeconfig}.tracer`;
  const ran = tracerWith(
    'replays flannel-service-cross-node',
    ['follow', '10.244.1.5', 'any', '--kubeconfig', kubeconfig, '-w', session],
    {},
    pid.resolve,
  );
  await asked.promise;
  const askedAt = performance.now();
  process.kill(await pid.promise, 'SIGINT');
  const { code, stdout, stderr } = await ran;
  // A cluster has 10 s to answer.
  expect(performance.now() - askedAt).toBeLessThan(9_000);
  expect(stderr).toBe('tracer: ended before anything was followed');
  expect([code, stdout]).toEqual([3, '']);
  expect(existsSync(session)).toBe(false);
});
