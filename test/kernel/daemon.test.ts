/** The daemon as a process, with real HTTP and WebSocket clients and real packets: CONTRACT 8. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import { journeyVersionSchema } from '../../src/model/schema.generated.ts';
import type { Stats } from '../../src/model/stats.ts';
import { tracer } from '../helpers/cli.ts';
import { RunningDaemon } from '../helpers/daemon.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { attachedBy, isRunning, stillLoaded, until } from '../helpers/processes.ts';

const lab = testLabName('dmn');
const cluster = `lab:${lab}`;
const nothing = ['--context', 'lab:none'];
const curl = () => inLab(lab, 'pod-a', 'curl', '-sS', '-m', '3', 'http://nginx-service/');

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

const isHttpReply = ({ direction, packet, outcome }: JourneyVersion): boolean =>
  direction === 'reply' &&
  (packet.payloadBytes ?? 0) > 0 &&
  packet.tcp !== undefined &&
  outcome.kind === 'delivered';

describe('what is followed', () => {
  it('arrives by the live stream and by HTTP, with names, as the schema says', async () => {
    const daemon = await RunningDaemon.start(nothing);
    expect(daemon.run.stderr).toMatch(/following nothing until somebody asks/);
    const live = await daemon.live();
    live.say({ type: 'subscribe', topics: ['journeys', 'flows'] });
    const { status, body: follow } = await daemon.ask('POST', '/api/follows', {
      src: 'pod-a',
      dst: 'nginx-service',
      cluster,
    });
    expect([status, follow.followers]).toEqual([201, 1]);
    expect((await curl()).exitCode).toBe(0);
    const journeys = await live.until(all => all.some(isHttpReply));
    const syn = journeys.find(({ summary }) => summary === 'SYN')!;
    expect(syn).toMatchObject({
      complete: true,
      from: { kind: 'pod', cluster, name: 'pod-a', namespace: 'default' },
      to: { kind: 'service', cluster, name: 'nginx-service' },
      backend: { kind: 'pod', cluster, name: expect.stringMatching(/^nginx-/) },
      outcome: { kind: 'delivered' },
    });
    expect(new Ajv({ strict: false }).validate(journeyVersionSchema, syn)).toBe(true);
    expect((await daemon.ask('GET', `/api/journeys/${syn.id}`)).body).toEqual(syn);
    const { flows } = (await daemon.ask('GET', `/api/flows?to=nginx-service`)).body;
    expect(flows).toMatchObject([
      { to: { name: 'nginx-service' }, state: expect.stringMatching(/answered|closed/) },
    ]);
  });

  it('of two is counted, and is gone from the kernel with the last of them', async () => {
    const daemon = await RunningDaemon.start(nothing);
    const request = { src: 'pod-a', dst: 'nginx-service', cluster };
    const first = (await daemon.ask('POST', '/api/follows', request)).body;
    const second = (await daemon.ask('POST', '/api/follows', request)).body;
    expect(second).toMatchObject({ id: first.id, followers: 2 });
    await daemon.ask('DELETE', `/api/follows/${first.id}`, {});
    await curl();
    await until('a packet was seen', async () => (await daemon.stats()).events.seen > 0, 2000);
    await daemon.ask('DELETE', `/api/follows/${first.id}`, {});
    expect((await daemon.ask('GET', '/api/follows')).body.follows).toEqual([]);
    expect((await daemon.ask('DELETE', `/api/follows/${first.id}`, {})).status).toBe(404);
    // A packet of a namespace of its own, followed afterwards, shows that all before it has been told.
    const before = await settled(daemon);
    await inLab(lab, 'pod-a', 'ping', '-c1', '-W1', '10.244.2.8');
    expect((await settled(daemon)).events.seen).toBe(before.events.seen);
  });

  it('by a client of the live stream ends with its connection, however that ends', async () => {
    const daemon = await RunningDaemon.start(nothing);
    const live = await daemon.live();
    live.say({ type: 'follow', request: { src: 'pod-a', dst: 'any', cluster } });
    const { follow } = await live.first(({ type }) => type === 'followed');
    expect((await daemon.ask('GET', '/api/follows')).body.follows).toMatchObject([
      { id: follow.id, followers: 1 },
    ]);
    live.socket.terminate();
    const follows = async () => (await daemon.ask('GET', '/api/follows')).body.follows.length;
    await until('its follow is gone', async () => (await follows()) === 0, 1000);
  });

  it('is an error in the words of the command line where it means nothing', async () => {
    const daemon = await RunningDaemon.start(nothing);
    const { status, body } = await daemon.ask('POST', '/api/follows', { src: 'pod-q', dst: 'any', cluster });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).toMatchObject({
      error: { code: 'UNKNOWN_NAME', message: expect.stringContaining('pod-q') },
    });
  });

  it('is found again when it was made again', async () => {
    const name = `dmn-again-${process.pid}`;
    const make = () => execa('ip', ['netns', 'add', name]);
    const remove = () => execa('ip', ['netns', 'del', name], { reject: false });
    onTestFinished(async () => void (await remove()));
    await make();
    const daemon = await RunningDaemon.start([`netns:${name}`, 'any']);
    const cookies = async (): Promise<string> =>
      (await daemon.ask('GET', '/api/follows')).body.follows[0].target.src.netnsCookies.join();
    const before = await cookies();
    await remove();
    await make();
    await until('the new one is followed', async () => !['', before].includes(await cookies()), 5000);
  });
});

/** When nothing has been told for as long as a journey may stay open. */
async function settled(daemon: RunningDaemon): Promise<Stats> {
  let last = await daemon.stats();
  let since = performance.now();
  await until(
    'nothing more comes',
    async () => {
      const now = await daemon.stats();
      if (now.events.seen !== last.events.seen || now.journeys.open > 0) since = performance.now();
      last = now;
      return performance.now() - since > 300;
    },
    10_000,
  );
  return last;
}

describe('the collector killed', () => {
  it('is replaced; what was under way is not complete; the sums balance; what is followed still is', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const live = await daemon.live();
    live.say({ type: 'subscribe', topics: ['journeys'] });
    const traffic = inLab(lab, 'pod-a', 'ping', '-i0.002', '-c1500', '-W1', '10.244.2.7');
    await live.until(all => all.some(({ summary }) => summary.includes('echo')));
    const { collectorPid } = daemon.run;
    process.kill(collectorPid, 'SIGKILL');
    await daemon.run.says('stderr', /SIGKILL.*started anew/);
    await daemon.run.says('stderr', /attached again/);
    expect((await daemon.ask('GET', '/readyz')).status).toBe(200);
    expect(daemon.run.collectorPid).not.toBe(collectorPid);
    const known = new Set(live.journeys.keys());
    const again = await live.until(all => all.some(({ id, complete }) => !known.has(id) && complete));
    const wrong = again.filter(
      ({ complete, gaps, closedBy }) => complete && (gaps.length > 0 || closedBy === 'shutdown'),
    );
    expect(wrong).toEqual([]);
    await traffic;
    const { events } = await settled(daemon);
    expect(events).toMatchObject({ lost: expect.any(Number), malformed: 0 });
    expect(events.lost).toBeGreaterThan(0);
    const ids = [...live.journeys.keys()].map(Number);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the recording', () => {
  it('can be fetched, and replays what was told', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const live = await daemon.live();
    live.say({ type: 'subscribe', topics: ['journeys'] });
    await curl();
    const journeys = await live.until(all => all.some(isHttpReply));
    const syn = journeys.find(({ summary }) => summary === 'SYN')!;
    const file = `${daemon.socket}.copy`;
    const replayed = async (): Promise<string> => {
      writeFileSync(file, await daemon.fetch('/api/session'));
      return (await tracer(['replay', '-r', file, '-o', 'json'])).stdout;
    };
    // What came in the last second is not in the file yet.
    await until('the SYN is in it', async () => (await replayed()).includes(`"id":"${syn.id}"`), 10_000);
    const lines = (await replayed())
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    const { rev: _rev, ...told } = (await daemon.ask('GET', `/api/journeys/${syn.id}`)).body;
    expect(lines.find(({ id }) => id === syn.id)).toEqual(told);
  });
});

describe('a packet that waits', () => {
  it('is told while it is open, and again when it closes', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const live = await daemon.live();
    live.say({ type: 'subscribe', topics: ['journeys'] });
    // Nobody has this address: it waits for a MAC address, and is given up after some seconds.
    await inLab(lab, 'pod-a', 'ping', '-c1', '-W1', '10.244.1.99');
    const isOurs = ({ to, proto }: JourneyVersion): boolean => proto === 'icmp' && to.ip === '10.244.1.99';
    const [open] = await live.until(all => all.some(isOurs)).then(all => all.filter(isOurs));
    const versions = () =>
      live.messages.flatMap(({ type, items }) => (type === 'journeys' ? items : [])).filter(isOurs);
    expect(versions()[0]).not.toHaveProperty('closedBy');
    await live.until(all => all.some(({ id, closedBy }) => id === open!.id && closedBy !== undefined));
    const revs = versions()
      .filter(({ id }) => id === open!.id)
      .map(({ rev }) => rev);
    expect(revs).toEqual([...revs].sort((a, b) => a - b));
  });
});

describe('the daemon', () => {
  it('killed leaves nothing attached within a second; the next one takes over its socket', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const collector = daemon.run.collectorPid;
    const programs = attachedBy(collector);
    expect(programs.length).toBeGreaterThan(3);
    await daemon.run.kill('SIGKILL');
    await until('its collector is gone', () => !isRunning(collector), 1000);
    await until('its programs are gone', async () => (await stillLoaded(programs)).length === 0, 1000);
    expect(existsSync(daemon.socket)).toBe(true);
    const next = await RunningDaemon.start(nothing, daemon.socket);
    expect((await next.ask('GET', '/healthz')).status).toBe(200);
  });

  it('ends by SIGTERM with exit code 0 and leaves no file and no program', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const programs = attachedBy(daemon.run.collectorPid);
    await daemon.live();
    for (const file of [daemon.socket, `${daemon.socket}.token`])
      expect(statSync(file).mode & 0o777, file).toBe(0o600);
    expect(await daemon.run.kill('SIGTERM')).toMatchObject({ code: 0, stdout: '' });
    expect([daemon.socket, `${daemon.socket}.token`].filter(file => existsSync(file))).toEqual([]);
    // The kernel frees them when nobody can be running them any more.
    await until('its programs are gone', async () => (await stillLoaded(programs)).length === 0, 1000);
  });

  it('is one on its socket', async () => {
    const daemon = await RunningDaemon.start(nothing);
    const second = await tracer(['daemon', '--socket', daemon.socket, '--port', '0', ...nothing]);
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error: a daemon is listening on .* already/),
    });
    expect((await daemon.ask('GET', '/healthz')).status).toBe(200);
  });

  it('sends the traffic of a scenario that the page names, and follows it meanwhile', async () => {
    const daemon = await RunningDaemon.start(['--context', cluster]);
    const code = async (name: string): Promise<string> =>
      (await daemon.ask('POST', '/api/lab/run', { name })).body.error.code;
    expect(await code('no-such')).toBe('UNKNOWN_NAME');
    const { clusters, scenarios } = (await daemon.ask('GET', '/api/lab')).body;
    expect(clusters, 'others may be up').toEqual([cluster]);
    const before = (await daemon.ask('GET', '/api/follows')).body.follows;
    const names = scenarios.map(({ name }: { readonly name: string }) => name);
    // One of pods, and one in namespaces of its own.
    for (const [name, summary] of [
      ['same-node', 'SYN'],
      ['veth-pair', 'ICMP echo request'],
    ]) {
      expect(names).toContain(name);
      const { status, body: ran } = await daemon.ask('POST', '/api/lab/run', { name });
      expect([status, ran.cluster]).toEqual([200, cluster]);
      expect((await daemon.ask('GET', '/api/follows')).body.follows).toEqual(before);
      const { journeys } = (await daemon.ask('GET', `/api/journeys?since=${ran.since}`)).body;
      const first = journeys.find((journey: JourneyVersion) => journey.summary.startsWith(summary!));
      expect(first, name).toMatchObject({ complete: true });
    }
  });

  it('sends no traffic into a practice cluster that is not its own', async () => {
    const daemon = await RunningDaemon.start(nothing);
    const { body } = await daemon.ask('POST', '/api/lab/run', { name: 'same-node' });
    expect(body.error).toMatchObject({
      code: 'LAB_NOT_UP',
      message: 'lab:none is no practice cluster that is up',
    });
    expect((await daemon.ask('GET', '/api/lab')).body.clusters).toEqual([]);
  });
});
