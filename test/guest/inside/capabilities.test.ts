/**
 * Does tracer get from this kernel what this kernel has? What it is too old for is skipped, with the version that brings it; what it
 * should have and does not give is a failure.
 */
import { release } from 'node:os';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { tracerPath } from '../../helpers/processes.ts';

/** docs/kernels.md has the same. */
const features: readonly { readonly what: string; readonly since: string }[] = [
  { what: 'ring buffer', since: '5.8' },
  { what: 'tp_btf', since: '5.5' },
  { what: 'netfilter link', since: '6.12' },
  { what: 'fentry', since: '5.5' },
  { what: 'fexit', since: '5.5' },
  { what: 'kprobe', since: '4.17' },
  { what: 'tap net_dev_queue', since: '5.5' },
  { what: 'tap netif_receive_skb', since: '5.5' },
  { what: 'tap kfree_skb', since: '5.17' },
  { what: 'tap consume_skb', since: '5.5' },
  { what: 'tap net_dev_start_xmit', since: '5.5' },
  { what: 'tap skb_copy_datagram_iovec', since: '5.5' },
  { what: 'tap napi_gro_receive_entry', since: '5.5' },
  { what: 'tap napi_gro_receive_exit', since: '5.5' },
  { what: 'tap neigh_event_send_done', since: '5.5' },
  { what: 'tap inet_sock_set_state', since: '5.5' },
  { what: 'tap tcp_retransmit_skb', since: '5.5' },
  { what: 'tap tcp_send_reset', since: '6.10' },
  { what: 'tap sk_data_ready', since: '6.3' },
  { what: 'tap netfilter_hook', since: '6.12' },
  { what: 'namespaces', since: '5.17' },
  { what: 'drop reasons', since: '5.17' },
];

const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);

function isOlderThan(since: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = since.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

describe(`tracer doctor on Linux ${release()}`, () => {
  let findings: readonly { readonly what: string; readonly state: string; readonly detail: string }[];
  beforeAll(async () => {
    const { stdout } = await execa(tracerPath, ['doctor', '-o', 'json'], { reject: false });
    ({ findings } = JSON.parse(stdout));
  });

  it('knows no tap that the table lacks', () => {
    const taps = findings.map(({ what }) => what).filter(what => what.startsWith('tap '));
    expect(taps.filter(tap => !features.some(({ what }) => what === tap))).toEqual([]);
  });

  it.for(features)('has $what, of Linux $since', ({ what, since }, context) => {
    const finding = findings.find(each => each.what === what);
    if (!isOlderThan(since)) return expect(finding).toMatchObject({ state: 'yes' });
    expect(finding).toMatchObject({ state: 'no', detail: expect.stringContaining('Linux') });
    context.skip(`needs ${what} (Linux ${since}): ${finding!.detail}`);
  });

  it('lists the namespaces by the kernel', () => {
    expect(findings).toContainEqual(
      expect.objectContaining({ what: 'namespaces', detail: 'listed by the kernel itself' }),
    );
  });
});
