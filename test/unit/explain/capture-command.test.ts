import { expect, test } from 'vitest';
import { captureCommand } from '../../../src/explain/capture-command.ts';
import type { Hop, Tuple } from '../../../src/model/journey.ts';

const tcp: Tuple = { proto: 'tcp', src: '10.0.0.1', sport: 4000, dst: '10.0.0.2', dport: 80 };
const at = (dev: string, tuple: Tuple, vlan?: number): Hop => ({
  ...{
    index: 0,
    offsetNs: 0,
    layer: 'device',
    stage: 'tx',
    netns: { cookie: '1' },
    dev,
    tuple,
    changes: [],
    text: '',
  },
  ...(vlan === undefined ? {} : { vlan }),
});

test.each([
  [
    'the file of the device',
    at('eth0', tcp),
    "tcpdump -nn -r n_eth0.pcap 'host 10.0.0.1 and host 10.0.0.2 and port 4000 and port 80'",
  ],
  [
    'else that of all',
    at('cni0', { proto: 'icmp', src: '10.0.0.1', dst: '10.0.0.2' }),
    "tcpdump -nn -r 'n any.pcap' 'host 10.0.0.1 and host 10.0.0.2'",
  ],
  [
    'ARP',
    at('eth0', { proto: 'arp', src: '10.0.0.1', dst: '10.0.0.2' }),
    "tcpdump -nn -r n_eth0.pcap 'arp and host 10.0.0.1 and host 10.0.0.2'",
  ],
  [
    'a tag',
    at('eth0', tcp, 7),
    "tcpdump -nn -r n_eth0.pcap 'vlan and host 10.0.0.1 and host 10.0.0.2 and port 4000 and port 80'",
  ],
])('%s', (_, hop, command) => {
  expect(captureCommand(hop, [{ file: 'n any.pcap' }, { file: 'n_eth0.pcap', dev: 'eth0' }])).toBe(command);
});

test('no file, no command; no file is taken for an option', () => {
  expect(captureCommand(at('eth1', tcp), [{ file: 'x', dev: 'eth0' }])).toBeUndefined();
  expect(captureCommand(at('eth0', tcp), [{ file: '-x', dev: 'eth0' }])).toMatch(/-r \.\/-x /);
});
