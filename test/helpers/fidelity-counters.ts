/** What the kernel itself counted at each device against the hops there, for runs without tcpdump. */
import { execa } from 'execa';
import { groupBy, type Seen, segmentsOf, sightsOf } from './fidelity-sights.ts';

export interface DeviceCount {
  readonly netns: string;
  readonly dev: string;
  readonly ifindex: number;
  readonly kind: string;
  readonly tx: number;
  readonly rx: number;
  /** CLOCK_MONOTONIC before and after the counters were read. */
  readonly readNs: readonly [bigint, bigint];
}

interface IpLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly stats64: { readonly rx: { readonly packets: number }; readonly tx: { readonly packets: number } };
}

export async function readCounters(names: readonly string[]): Promise<DeviceCount[]> {
  const all: DeviceCount[] = [];
  for (const netns of names) {
    const before = process.hrtime.bigint();
    const { stdout } = await execa('ip', ['-n', netns, '-s', '-d', '-j', 'link']);
    const readNs = [before, process.hrtime.bigint()] as const;
    for (const link of JSON.parse(stdout) as IpLink[])
      all.push({
        netns,
        dev: link.ifname,
        ifindex: link.ifindex,
        kind: link.linkinfo?.info_kind ?? 'loopback',
        tx: link.stats64.tx.packets,
        rx: link.stats64.rx.packets,
        readNs,
      });
  }
  return all;
}

export interface CountComparison {
  readonly place: string;
  readonly kind: string;
  readonly counted: number;
  readonly hops: number;
  /** Hops while the counters were read: they may be in either. */
  readonly slack: number;
  readonly agrees: boolean;
}

export function compareCounters(
  before: readonly DeviceCount[],
  after: readonly DeviceCount[],
  all: readonly Seen[],
  { cookies, baseNs }: { readonly cookies: ReadonlyMap<string, number>; readonly baseNs: bigint },
): CountComparison[] {
  const sights = sightsOf(all);
  const segments = segmentsOf(sights);
  // A super-packet that was cut is counted by its segments.
  const sent = groupBy(
    sights.filter(sight => (segments.get(sight)?.length ?? 0) === 0),
    sight => sight.place,
  );
  return after.flatMap((to, i) => {
    const from = before[i]!;
    const session = (ns: bigint) => Number(ns - baseNs);
    const [first, second] = [from.readNs, to.readNs].map(read => read.map(session));
    return (['tx', 'rx'] as const).map(direction => {
      const at = sent.get(`${cookies.get(to.netns)}/${to.ifindex}/${direction}`) ?? [];
      const within = (low: number, high: number) =>
        at.filter(sight => sight.timeNs >= low && sight.timeNs <= high).length;
      const counted = to[direction] - from[direction];
      const hops = within(first![0]!, second![1]!);
      const slack = within(first![0]!, first![1]!) + within(second![0]!, second![1]!);
      const place = `${to.netns} ${to.dev} ${direction}`;
      const agrees = agree(to.kind, direction, counted - hops, slack);
      return { place, kind: to.kind, counted, hops, slack, agrees };
    });
  });
}

/**
 * What a bridge sends for br_netfilter, because DNAT has changed the destination, is not counted (br_dev_xmit() asks
 * br_dev_xmit_hook first); what a tunnel receives is counted before GRO merges it (vxlan_rcv()).
 */
function agree(kind: string, direction: 'tx' | 'rx', more: number, slack: number): boolean {
  if (kind === 'bridge' && direction === 'tx') return more <= slack;
  if (kind === 'vxlan' && direction === 'rx') return more >= -slack;
  return Math.abs(more) <= slack;
}
