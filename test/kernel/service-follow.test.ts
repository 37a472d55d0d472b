/**
 * Following a service: the name is looked up first, then the connection is made; where nothing came of it, what DNS said. With both CNIs; that
 * endpoints may change meanwhile: kind-like.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Journey } from '../../src/model/journey.ts';
import { tracer } from '../helpers/cli.ts';
import { testLabName } from '../helpers/lab.ts';

const coredns = 'coredns-668d6bf9bc-7kx2m';
const name = 'nginx-service.default.svc.cluster.local';

describe.each(['flannel', 'kindnet'] as const)('with %s', cni => {
  const lab = testLabName(`dns${cni}`);
  beforeAll(() => labUp({ name: lab, cni }));
  afterAll(() => labDown({ name: lab }));

  const follow = (src: string, dst: string, ...more: readonly string[]) =>
    tracer(['follow', src, dst, '--context', `lab:${lab}`, ...more]);

  it('DNS is the first act, the connection the second', async () => {
    const curl = ['--in', '--', 'curl', '-s', 'http://nginx-service/'];
    const { stdout, stderr, code } = await follow('pod-a', 'nginx-service', '-o', 'json', ...curl);
    expect(code, stderr).toBe(0);
    const journeys = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Journey)
      .sort((a, b) => Number(BigInt(a.startNs) - BigInt(b.startNs)));
    const [first] = journeys;
    expect(first).toMatchObject({
      packet: { dns: { query: name } },
      from: { name: 'pod-a' },
      to: { kind: 'service', name: 'kube-dns' },
      backend: { name: coredns },
    });
    const answers = journeys.filter(({ packet }) => packet.dns?.answers?.includes('10.96.45.123'));
    expect(answers).toMatchObject([{ from: { name: coredns }, service: { name: 'kube-dns' } }]);
    const syn = journeys.find(({ packet }) => packet.tcp?.flags === 'S')!;
    expect(syn).toMatchObject({ from: { name: 'pod-a' }, to: { kind: 'service', name: 'nginx-service' } });
    const synAck = journeys.find(({ packet }) => packet.tcp?.flags === 'SA')!;
    expect(synAck.from.name).toBe(syn.backend?.name);
    expect(synAck.hops.flatMap(({ changes }) => changes)).toContainEqual(
      expect.objectContaining({ field: 'src', to: '10.96.45.123:80', by: 'undnat' }),
    );
    expect(stderr).toMatch(
      new RegExp(`✓ pod-a asked kube-dns for ${name}: .*A 10\\.96\\.45\\.123 in .*, by ${coredns}\n`),
    );
    expect(stderr).toMatch(/✓ pod-a:\d+ → nginx-service:80 → nginx-\d:8080: closed/);
  });

  it('a search list is one lookup', async () => {
    const command = ['--in', '--', 'getent', 'ahosts', 'example.com'];
    const { stdout } = await follow('pod-a', 'svc/kube-dns', ...command);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /✓ pod-a asked kube-dns for example\.com: .*A 203\.0\.113\.10 in .*before that NXDOMAIN for 3 names: example\.com\.default\.svc\.cluster\.local, example\.com\.svc\.cluster\.local, example\.com\.cluster\.local/,
    );
  });

  it('a name that there is not: what DNS said of it', async () => {
    const command = ['--in', '--', 'curl', '-s', 'http://ngins-service/'];
    const { stdout, stderr, code } = await follow('pod-a', 'nginx-service', ...command);
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    expect(stderr).toMatch(
      /pod-a asked kube-dns for ngins-service: .*NXDOMAIN in .*before that NXDOMAIN for 3 names: ngins-service\.default\.svc/,
    );
    expect(stderr).toContain('tracer: nothing matched pod-a → nginx-service\n');
  });

  it('a service that nobody asks and nobody stands behind', async () => {
    const { stderr, code } = await follow('pod-a', 'svc/no-endpoints', '--in', '--', 'true');
    expect(code).toBe(3);
    expect(stderr).toContain("tracer: pod-a asked the cluster's DNS for no name\n");
    expect(stderr).toContain('tracer: no-endpoints has no endpoints: a connection to it is refused');
  });
});
