/** The recorded cluster's API and a kubeconfig with its context `kind-kind`, for as long as the tests of a block run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { KubeApi, kubeconfigOf } from './kube-api.ts';

export interface RecordedCluster {
  /** Of this block alone. */
  readonly folder: string;
  /** The kubeconfig, in it. */
  readonly file: string;
  readonly api: KubeApi;
}

/** `api` is there once the first test begins. */
export function recordedCluster(): RecordedCluster {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-cluster-'));
  const file = join(folder, 'config');
  let api: KubeApi | undefined;
  beforeAll(async () => {
    api = await KubeApi.recorded();
    writeFileSync(file, kubeconfigOf({ name: 'kind-kind', server: `http://127.0.0.1:${api.port}` }));
  });
  afterAll(async () => {
    await api?.stop();
    rmSync(folder, { recursive: true });
  });
  return {
    folder,
    file,
    get api() {
      return api!;
    },
  };
}
