/** Which folder of --host tells of which place, and what is said of the others. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TracerError } from '../../../src/base/errors.ts';
import { captureFacts } from '../../../src/capture/facts.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tracer-dumps-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function folder(name: string, mac: string): void {
  mkdirSync(join(dir, name));
  const link = [{ ifindex: 2, ifname: 'eth0', address: mac, mtu: 1500, flags: ['UP', 'LOWER_UP'] }];
  writeFileSync(join(dir, name, 'link.json'), JSON.stringify(link));
}

const facts = (...files: string[]) => captureFacts(files, { place: [], host: dir, kube: [] });

const macOf = (place: number, { devices }: ReturnType<typeof facts>): number | undefined =>
  devices.get(place)?.get('eth0')?.mac;

test.each(['default.pod-a', 'default_pod-a', 'pod_default.pod-a'])('a pod may be called %s', name => {
  folder(name, '02:00:00:00:00:01');
  const read = facts('pod_default.pod-a_eth0.pcap');
  expect(macOf(1, read)).toBe(0x020000000001);
  expect(read.notes).toEqual(
    name === 'default.pod-a' ? [] : [`--host ${dir}: read ${name} as default.pod-a`],
  );
});

test('root and host are the machine; of two folders of it one is read, and that is said', () => {
  folder('host', '02:00:00:00:00:01');
  folder('root', '02:00:00:00:00:02');
  const read = facts('root_docker0.pcap', 'host_eth0.pcap');
  expect(read.places).toHaveLength(1);
  expect(read.places[0]?.name).toBe('host');
  expect(macOf(1, read)).toBe(0x020000000001);
  expect(read.notes).toEqual([`--host ${dir}: not read: root (host tells of the same place)`]);
});

test('what is not read and what is not told is named', () => {
  folder('node-1', '02:00:00:00:00:01');
  mkdirSync(join(dir, 'pods'));
  expect(facts('node-1_eth0.pcap', 'node-2_eth0.pcap').notes).toEqual([
    `--host ${dir}: not read: pods (no link.json)`,
    `--host ${dir}: nothing of node-2: no device there is told`,
  ]);
});

function refusal(options: Partial<Parameters<typeof captureFacts>[1]>): TracerError {
  try {
    captureFacts(['node-1_eth0.pcap'], { place: [], kube: [], ...options });
  } catch (error) {
    if (error instanceof TracerError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

test.each([
  [
    'a folder that is not there',
    { host: '/nonexistent' },
    '--host /nonexistent: there is no such file or folder',
  ],
  ['a list that is not there', { kube: ['/nonexistent'] }, '/nonexistent: there is no such file or folder'],
  ['a list that is no JSON', { kube: [import.meta.filename] }, `${import.meta.filename} is no JSON`],
])('%s is refused in words, with a hint', (_, options, message) => {
  const error = refusal(options);
  expect(error.code).toBe('CAPTURE_FACTS');
  expect(error.message).toBe(message);
  expect(error.hint).toMatch(/link\.json.*kubectl/);
});

test('a folder that fits no place is refused, as is JSON that lists nothing', () => {
  folder('other', '02:00:00:00:00:01');
  expect(refusal({ host: dir }).message).toBe(`--host ${dir} has no PLACE/link.json for any of node-1`);
  const list = join(dir, 'other', 'link.json');
  expect(refusal({ kube: [list] }).message).toBe(`--kube: ${list} lists no nodes, pods or services`);
});
