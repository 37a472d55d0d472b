/** Which file, which context, as whom. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClusterApi } from '../../../src/cluster/api.ts';
import { accessOf, findConfig, runPluginsAsUser } from '../../../src/cluster/kubeconfig.ts';
import { KubeApi, kubeconfigOf, refuse } from '../../helpers/kube-api.ts';
import { configOf } from './watching.ts';

let folder: string;
beforeEach(() => {
  vi.stubEnv('SUDO_UID', ''); // the tests themselves may be run by sudo
  folder = mkdtempSync(join(tmpdir(), 'tracer-kube-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const named = (file: string) => ({ files: [file], why: 'test', isNamed: true });
const signal = new AbortController().signal;

describe('the file', () => {
  const at = (env: Record<string, string>, ...there: string[]) =>
    findConfig(undefined, { env, user: undefined, exists: path => there.some(each => path.endsWith(each)) });

  test('is the one that is named, whether it is there or not', () => {
    expect(findConfig('/x/y')).toEqual({ files: ['/x/y'], why: '--kubeconfig', isNamed: true });
  });
  test('else those of $KUBECONFIG that there are, else the one at home, else the service account', () => {
    const env = { KUBECONFIG: '/a:/b:/c', KUBERNETES_SERVICE_HOST: '10.96.0.1' };
    expect(at(env, '/a', '/c')).toMatchObject({ files: ['/a', '/c'], why: '$KUBECONFIG' });
    expect(at(env, '.kube/config')).toMatchObject({ files: [expect.stringMatching(/\.kube\/config$/)] });
    expect(at(env, '/token')).toMatchObject({ files: [], why: 'the service account of this pod' });
    expect(at({}, '/token')).toBeUndefined();
    expect(at(env)).toBeUndefined();
  });
});

describe('the context', () => {
  const far = { name: 'far', server: 'https://192.0.2.1:6443' };
  const kindA = { name: 'kind-a', server: 'https://127.0.0.1:33001' };
  const kindB = { name: 'kind-b', server: 'https://127.0.0.1:33002' };
  const names = async (file: string, context?: string) =>
    (await accessOf(named(file), context)).map(({ name, isExtra }) => [name, isExtra]);

  test('is the current one, and those on this machine; where one is asked for, that alone', async () => {
    const file = write('config', kubeconfigOf(far, kindA, kindB));
    expect(await names(file)).toEqual([
      ['far', false],
      ['kind-a', true],
      ['kind-b', true],
    ]);
    expect(await names(file, 'kind-b')).toEqual([['kind-b', false]]);
  });
  test('of several files is that of the first that has one', async () => {
    const a = write('a', kubeconfigOf(kindB));
    const b = write('b', kubeconfigOf(far));
    const accesses = await accessOf({ files: [a, b], why: 'test', isNamed: true });
    expect(accesses.map(({ name }) => name)).toEqual(['kind-b']);
    expect((await accessOf({ files: [a, b], why: 'test', isNamed: true }, 'far'))[0]!.server).toBe(
      far.server,
    );
  });
  test('that there is not is an error that lists those there are', async () => {
    const file = write('config', kubeconfigOf(kindB, kindA));
    await expect(accessOf(named(file), 'kind')).rejects.toMatchObject({
      code: 'UNKNOWN_NAME',
      hint: 'it has kind-a, kind-b',
    });
    const none = write('none', JSON.stringify({ contexts: [], clusters: [], users: [] }));
    await expect(accessOf(named(none))).rejects.toMatchObject({ code: 'KUBECONFIG' });
  });
  test.each([
    ['is no YAML', '\t{'],
    ['is a list', '[1]'],
    ['is empty', ''],
    ['has contexts that are none', '{"contexts": 7}'],
  ])('of a file that %s is an error that names it', async (_, text) => {
    const file = write('config', text);
    await expect(accessOf(named(file))).rejects.toMatchObject({
      code: 'KUBECONFIG',
      message: expect.stringContaining(file),
    });
  });
  test('of a file that is not there likewise', async () => {
    await expect(accessOf(named(join(folder, 'nowhere')))).rejects.toMatchObject({ code: 'KUBECONFIG' });
  });
});

describe('a program that a kubeconfig names', () => {
  const plugin = (args: string[] = []) => {
    const config = configOf(
      kubeconfigOf({
        server: 'http://127.0.0.1:1',
        user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login', args } },
      }),
    );
    return { config, exec: () => config.getUsers()[0]!.exec as { command: string; args: string[] } };
  };

  test('is run as who called sudo', () => {
    const { config, exec } = plugin(['--quick']);
    runPluginsAsUser(config, '/srv/u/.kube', { uid: 1000, gid: 1001 });
    expect(exec().command).toBe('setpriv');
    expect(exec().args).toEqual([
      '--reuid=1000',
      '--regid=1001',
      '--init-groups',
      '--',
      '/srv/u/.kube/login',
      '--quick',
    ]);
    runPluginsAsUser(config, '/elsewhere', { uid: 1000, gid: 1001 }); // a second file is read
    expect(exec().args).toContain('/srv/u/.kube/login');
  });

  test('gives a token, found beside its file, anew when it runs out', async () => {
    const api = await KubeApi.recorded();
    const seen: (string | undefined)[] = [];
    api.intercept = (request, response) => {
      seen.push(request.headers.authorization);
      if (request.headers.authorization?.startsWith('Bearer token-') === true) return false;
      refuse(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    };
    const counter = write('count', '0');
    const login = write(
      'login',
      `#!/bin/sh
n=$(($(cat ${counter}) + 1)); echo $n > ${counter}
echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' || exit 1
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"token-%s","expirationTimestamp":"2001-01-01T00:00:00Z"}}' $n
`,
    );
    chmodSync(login, 0o755);
    const file = write(
      'config',
      kubeconfigOf({
        server: `http://127.0.0.1:${api.port}`,
        user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login' } },
      }),
    );
    try {
      const [access] = await accessOf(named(file));
      const client = new ClusterApi(access!.config, access!.server);
      expect((await client.list('/api/v1/nodes', signal)).objects).toHaveLength(2);
      await client.list('/api/v1/pods', signal);
      expect(seen).toEqual(['Bearer token-1', 'Bearer token-2']);
    } finally {
      await api.stop();
    }
    expect(readFileSync(counter, 'utf8').trim()).toBe('2');
  });

  test('that fails is no credentials, in its own words', async () => {
    const login = write('login', '#!/bin/sh\necho "session has expired, run acme login" >&2\nexit 3\n');
    chmodSync(login, 0o755);
    const { config } = plugin();
    runPluginsAsUser(config, folder, undefined);
    await expect(
      new ClusterApi(config, 'http://127.0.0.1:1').list('/api/v1/pods', signal),
    ).rejects.toMatchObject({
      status: 401,
      message: 'no credentials: session has expired, run acme login',
    });
  });
});

test('TLS: the authority of the kubeconfig is believed, and no other; a certificate says who asks', async () => {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const make = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.crt`),
    );
  for (const name of ['server', 'me']) make(name);
  const read = (name: string) => readFileSync(file(name));
  const api = await KubeApi.start({
    key: read('server.key'),
    cert: read('server.crt'),
    requestCert: true,
    rejectUnauthorized: false,
    ca: read('me.crt'),
  });
  api.intercept = (request, response) => {
    if ((request.socket as TLSSocket).authorized) return false;
    refuse(response, 401, 'Unauthorized', 'Unauthorized');
    return true;
  };
  const server = `https://127.0.0.1:${api.port}`;
  const list = async (cluster: object, user: object = {}) => {
    const config = write('config', kubeconfigOf({ server, cluster: { ...cluster }, user: { ...user } }));
    const [access] = await accessOf(named(config));
    return new ClusterApi(access!.config, server).list('/api/v1/pods', signal);
  };
  try {
    await expect(list({ 'certificate-authority': 'me.crt' })).rejects.toThrow(/self.signed|unable to verify/);
    await expect(list({ 'certificate-authority': 'server.crt' })).rejects.toMatchObject({ status: 401 });
    const asMe = { 'client-certificate': 'me.crt', 'client-key-data': read('me.key').toString('base64') };
    expect((await list({ 'certificate-authority': 'server.crt' }, asMe)).objects).toEqual([]);
  } finally {
    await api.stop();
  }
});
