/** What the lab carries, with both CNIs: names, IPv6, large bodies. What its scenarios show: lab-journeys.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import {
  findScenario,
  runScenarioTraffic,
  scenarioFollow,
  withScenario,
} from '../../src/lab/scenarios/run.ts';
import { labUp } from '../../src/lab/up.ts';
import { inLab, testLabName } from '../helpers/lab.ts';

describe.each(['flannel', 'kindnet'] as const)('with %s', cni => {
  const name = testLabName(cni);
  beforeAll(async () => {
    await labUp({ name, cni });
  });
  afterAll(async () => {
    await labDown({ name });
  });

  const curl = (place: string, ...args: string[]) =>
    inLab(name, place, 'curl', '-sS', '-g', '-m', '3', ...args);

  it('sends the traffic of a scenario and says whether it did what it should', async () => {
    const service = findScenario('service');
    const result = await runScenarioTraffic(name, service);
    expect(result).toMatchObject({ exitCode: 0, output: expect.stringMatching(service.expect.output) });
    expect(result.asExpected).toBe(true);
    const surprised = { ...service, expect: { ...service.expect, output: /^nobody/ } };
    expect(await runScenarioTraffic(name, surprised)).toMatchObject({ exitCode: 0, asExpected: false });
  });

  it('resolves names as a pod expects', async () => {
    const lookUp = (host: string) => inLab(name, 'pod-a', 'getent', 'ahostsv4', host);
    expect((await lookUp('nginx-service')).output).toMatch(/^10\.96\.45\.123 /);
    expect((await lookUp('kube-dns.kube-system')).output).toMatch(/^10\.96\.0\.10 /);
    expect((await lookUp('nginx-one.default.svc.cluster.local')).output).toMatch(/^10\.96\.45\.124 /);
    expect((await lookUp('10-244-2-7.default.pod.cluster.local')).output).toMatch(/^10\.244\.2\.7 /);
    expect((await lookUp('example.com')).output).toMatch(/^203\.0\.113\.10 /);
    expect(await lookUp('no-such-service')).toMatchObject({ exitCode: 2 });
    expect(await lookUp('no-such-domain.example')).toMatchObject({ exitCode: 2 });
  });

  it('carries IPv6 between pods and out', async () => {
    expect((await curl('pod-a', 'http://[fd00:10:244:1::6]:8080/')).output).toMatch(
      /^nginx-1 .* answers \[fd00:10:244:1::5\]:/,
    );
    expect((await curl('pod-a', 'http://[fd00:10:244:2::7]:8080/')).output).toMatch(
      /^nginx-2 .* answers \[fd00:10:244:1::5\]:/,
    );
    expect((await curl('pod-a', 'http://[2001:db8:113::10]/')).output).toMatch(
      /^outside .* answers \[2001:db8:113::1\]:/,
    );
    expect(await inLab(name, 'pod-a', 'ping', '-c1', '-W1', '-s', '4000', 'fd00:10:244:2::8')).toMatchObject({
      exitCode: 0,
    });
  });

  it('carries large bodies both ways and fragments', async () => {
    const big = await curl(
      'pod-a',
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      'http://10.244.2.7:8080/big?bytes=3000000',
    );
    expect(big.output).toBe('3000000');
    const post = await inLab(
      name,
      'pod-a',
      'sh',
      '-c',
      'head -c 2000000 /dev/zero | curl -sS -m 3 --data-binary @- http://10.244.2.8:8080/sink',
    );
    expect(post.output).toBe('nginx-3 on node-2 read 2000000 bytes');
    expect(await inLab(name, 'pod-a', 'ping', '-c1', '-W1', '-s', '4000', '10.244.2.8')).toMatchObject({
      exitCode: 0,
    });
  });

  it('spreads the connections of a service over its pods', async () => {
    const pages = await inLab(
      name,
      'pod-a',
      'curl',
      '-sS',
      '-m',
      '3',
      '-H',
      'Connection: close',
      'http://10.96.45.123/?[1-40]',
    );
    // Each pod missed by 40 random picks: 1 in 3 million.
    for (const pod of ['nginx-1 ', 'nginx-2 ', 'nginx-3 ']) expect(pages.output).toContain(pod);
  });

  it('is seen from each place with its own name, files and devices', async () => {
    const look = await inLab(
      name,
      'nginx-2',
      'sh',
      '-c',
      'hostname; cat /etc/resolv.conf; ls /sys/class/net; id -un',
    );
    expect(look.output.split('\n')).toEqual([
      'nginx-2',
      'search default.svc.cluster.local svc.cluster.local cluster.local',
      'nameserver 10.96.0.10',
      'options ndots:5',
      'eth0',
      'lo',
      'root',
    ]);
    expect(await curl('node-1', 'http://127.0.0.1:6443/healthz')).toEqual({ exitCode: 0, output: 'ok' });
    expect((await inLab(name, 'two-containers', 'ss', '-Hltn')).output).toMatch(
      /127\.0\.0\.1:9000[\s\S]*0\.0\.0\.0:8080|0\.0\.0\.0:8080[\s\S]*127\.0\.0\.1:9000/,
    );
  });

  it('drops by the policy on the node of the protected pod', async () => {
    const dropped = async (node: string) => {
      const save = await inLab(name, node, 'iptables-save', '-c');
      return Number(/\[(\d+):\d+\] -A K8S-NWPLCY .* -j DROP/.exec(save.output)?.[1] ?? 0);
    };
    const before = await dropped('node-2');
    await curl('denied', '-m', '0.3', 'http://10.244.2.7:8080/');
    expect(await dropped('node-2')).toBe(before + 1);
    expect(await dropped('node-1')).toBe(0);
    expect(await curl('denied', 'http://10.244.2.8:8080/')).toMatchObject({ exitCode: 0 });
  });

  it('has the way between nodes that its CNI makes', async () => {
    const routes = (await inLab(name, 'node-1', 'ip', 'route')).output;
    const devices = (await inLab(name, 'node-1', 'ip', '-br', 'link')).output;
    if (cni === 'flannel') {
      expect(routes).toContain('10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink');
      expect(devices).toContain('cni0');
    } else {
      expect(routes).toContain('10.244.2.0/24 via 172.18.0.3 dev eth0');
      expect(devices).not.toMatch(/cni0|flannel/);
      expect((await inLab(name, 'pod-a', 'ip', 'route')).output.split('\n').map(line => line.trim())).toEqual(
        [
          'default via 10.244.1.1 dev eth0',
          '10.244.1.0/24 via 10.244.1.1 dev eth0 src 10.244.1.5',
          '10.244.1.1 dev eth0 scope link src 10.244.1.5',
        ],
      );
    }
  });

  it('removes what a scenario made also when its use fails', async () => {
    const failing = withScenario(name, findScenario('mtu'), async () => {
      expect(labNamespaces(name)).toContain(`lab-${name}-x-router`);
      throw new Error('of the test');
    });
    await expect(failing).rejects.toThrow('of the test');
    expect(labNamespaces(name)).toHaveLength(11);
    expect(scenarioFollow(name, findScenario('mtu'))).toEqual({
      src: `netns:lab-${name}-x-left`,
      dst: '198.51.100.1',
    });
  });
});
