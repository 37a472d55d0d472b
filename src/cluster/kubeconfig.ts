/**
 * Which cluster to ask, as whom: the kubeconfig that is named, `$KUBECONFIG`, that of the user who called sudo, our own, the service account of
 * the pod that this runs in; in this order, the first that there is.
 *
 * Looking for it loads nothing. The Kubernetes client is loaded with the first file: it takes a fifth of a second and some 80 MB.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { TracerError } from '../base/errors.ts';
import { type CallingUser, callingUser, homeOfUser } from '../host/calling-user.ts';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface ConfigPlace {
  /** Merged in this order, as kubectl does; empty: the pod's service account. */
  readonly files: readonly string[];
  /** How it was come by, for people. */
  readonly why: string;
  /** Somebody named it: what is wrong with it is then an error, else it is said. */
  readonly isNamed: boolean;
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly user: CallingUser | undefined;
  readonly exists: (path: string) => boolean;
}

const here = (): Surroundings => ({ env: process.env, user: callingUser(), exists: existsSync });

/** Undefined: there is none, so no cluster is asked. */
export function findConfig(
  named: string | undefined,
  { env, user, exists } = here(),
): ConfigPlace | undefined {
  if (named !== undefined) return { files: [resolve(named)], why: '--kubeconfig', isNamed: true };
  const files = (env.KUBECONFIG ?? '').split(delimiter).filter(file => file !== '');
  const found = files.filter(exists);
  if (found.length > 0) return { files: found, why: '$KUBECONFIG', isNamed: false };
  const theirs = join(homeOfUser(user), '.kube', 'config');
  if (exists(theirs))
    return { files: [theirs], why: user === undefined ? 'yours' : 'of who called sudo', isNamed: false };
  const own = join(homedir(), '.kube', 'config');
  if (exists(own)) return { files: [own], why: "root's", isNamed: false };
  if (env.KUBERNETES_SERVICE_HOST !== undefined && exists(serviceAccount))
    return { files: [], why: 'the service account of this pod', isNamed: false };
  return undefined;
}

export interface ClusterAccess {
  /** Nobody asked for it: it is on this machine, and may be a context of a cluster that is gone. */
  readonly isExtra: boolean;
  /** Of the context: what its names are told under. */
  readonly name: string;
  readonly server: string;
  readonly config: KubeConfig;
}

/**
 * The context that is asked for; else the current one, and those whose server is on this machine: kind, k3d and minikube make a context for each cluster.
 * @throws KUBECONFIG, UNKNOWN_NAME.
 */
export async function accessOf(place: ConfigPlace, context?: string): Promise<readonly ClusterAccess[]> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const load = (): KubeConfig => loaded(new KubeConfig(), place, () => new KubeConfig());
  const all = load();
  const known = all.getContexts().map(({ name }) => name);
  if (context !== undefined && !known.includes(context)) throw noSuchContext(context, known, place);
  const isHere = (name: string): boolean => isLocal(serverOf(all, name));
  const current = context ?? all.getCurrentContext();
  const wanted = known.filter(name => name === current || (context === undefined && isHere(name)));
  if (wanted.length === 0)
    throw new TracerError('KUBECONFIG', `${textOf(place)} has no current context`, {
      hint: known.length === 0 ? 'it has no context at all' : `choose one: --context ${known.join(', ')}`,
    });
  return wanted.map(name => {
    const config = load();
    config.setCurrentContext(name);
    return { name, server: serverOf(all, name), config, isExtra: name !== current };
  });
}

export const textOf = ({ files, why }: ConfigPlace): string =>
  files.length === 0 ? why : `${files.join(delimiter)} (${why})`;

function loaded(config: KubeConfig, place: ConfigPlace, make: () => KubeConfig): KubeConfig {
  const { files } = place;
  try {
    if (files.length === 0) config.loadFromCluster();
    for (const [i, file] of files.entries()) {
      accessSync(file, constants.R_OK);
      if (i === 0) config.loadFromFile(file);
      else {
        const more = make();
        more.loadFromFile(file);
        config.mergeConfig(more, config.getCurrentContext() !== undefined);
      }
      runPluginsAsUser(config, dirname(file), callingUser());
      allowPlainHttp(config);
    }
    return config;
  } catch (error) {
    throw new TracerError('KUBECONFIG', `${textOf(place)}: ${(error as Error).message}`, { cause: error });
  }
}

const serverOf = (config: KubeConfig, context: string): string =>
  config.getCluster(config.getContextObject(context)?.cluster ?? '')?.server ?? '';

/** Of a URL. */
function isLocal(server: string): boolean {
  try {
    const { hostname } = new URL(server);
    return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  } catch {
    return false;
  }
}

function noSuchContext(context: string, known: readonly string[], place: ConfigPlace): TracerError {
  return new TracerError('UNKNOWN_NAME', `no context of ${textOf(place)} is called "${context}"`, {
    hint: known.length === 0 ? 'it has none' : `it has ${[...known].sort().join(', ')}`,
  });
}

/** `kubectl proxy` speaks it. There is no certificate to leave unchecked, which is what the client asks for. */
function allowPlainHttp(config: KubeConfig): void {
  config.clusters = config.clusters.map(cluster =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
}

interface ExecConfig {
  command: string;
  args?: string[];
  env?: { name: string; value: string }[];
  apiVersion?: string;
}

/**
 * A program that a kubeconfig names is run as the user whose file it is, not as root: its credentials are theirs, and so is what it may break. Like
 * kubectl, a path is relative to the file, and the program is told that nobody can be asked.
 */
export function runPluginsAsUser(config: KubeConfig, folder: string, user: CallingUser | undefined): void {
  for (const { exec } of config.getUsers() as { readonly exec?: ExecConfig }[]) {
    if (exec === undefined || exec.env?.some(({ name }) => name === 'KUBERNETES_EXEC_INFO') === true)
      continue;
    const { command, args = [], env = [], apiVersion = 'client.authentication.k8s.io/v1' } = exec;
    const program = command.includes('/') && !isAbsolute(command) ? resolve(folder, command) : command;
    const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
    exec.env = [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
    if (user === undefined) exec.command = program;
    else {
      const { uid, gid } = user;
      exec.command = 'setpriv';
      exec.args = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--', program, ...args];
      exec.env.push({ name: 'HOME', value: homeOfUser(user) });
    }
  }
}
