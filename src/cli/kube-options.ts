import type { KubeOptions } from '../cluster/clusters.ts';

/** `--context`, which also says what names are of, and `--kubeconfig`. */
export function kubeOptions({
  cluster,
  kubeconfig,
}: {
  readonly cluster?: string | undefined;
  readonly kubeconfig?: string | undefined;
}): KubeOptions {
  return {
    ...(cluster === undefined ? {} : { context: cluster }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
}
