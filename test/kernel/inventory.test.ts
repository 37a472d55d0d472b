/** The inventory of real namespaces, held against what iproute2 says of them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NetnsView } from '../../src/inventory/netns-view.ts';
import { ip, ipJson, makeNamespaces, prefix, removeNamespaces, run, Tool } from './inventory-tool.ts';

let tool: Tool;

beforeAll(async () => {
  await removeNamespaces();
  tool = await Tool.started();
});
afterEach(async () => {
  await removeNamespaces();
  // The next test uses the same names.
  await tool.until(
    () => !tool.inventory.all().some(view => view.snapshot.names.some(name => name.startsWith(prefix))),
  );
});
afterAll(async () => expect(await tool.stop()).toBe(0));

it('walks the list of the kernel', () => {
  expect(tool.how).toBe('bpf\n');
});

/** Two "nodes" of the same interface numbers and addresses, each with a bridge, a pod and a tunnel, on one "host". */
async function buildTwoNodes(): Promise<void> {
  await makeNamespaces('host', 'node1', 'node2', 'pod1', 'pod2');
  await ip('host: link add br0 type bridge');
  for (const n of [1, 2]) {
    await ip(`host: link add v${n} type veth peer name eth0 netns @node${n}
      host: link set v${n} master br0 up
      node${n}: link set lo up
      node${n}: link set eth0 up
      node${n}: addr add 172.30.0.${n}/24 dev eth0
      node${n}: link add cni0 type bridge
      node${n}: addr add 10.77.0.1/24 dev cni0
      node${n}: addr add fd77::1/64 dev cni0
      node${n}: link set cni0 up
      node${n}: link add vxlan9 mtu 1400 type vxlan id 9 dstport 8472 local 172.30.0.${n} nolearning
      node${n}: link set vxlan9 up
      node${n}: link add vp type veth peer name eth0 netns @pod${n}
      node${n}: link set vp master cni0 up
      pod${n}: addr add 10.77.0.5/24 dev eth0
      pod${n}: link set eth0 up
      pod${n}: route add default via 10.77.0.1`);
    await run(`ip netns exec ${prefix}node${n} sysctl -qw net.ipv4.ip_forward=1`);
  }
  await ip(`node1: route add 10.78.0.0/24 via 172.30.0.2
    node1: route add blackhole 10.79.0.0/16 metric 7
    node1: route add 10.80.0.0/24 nexthop via 172.30.0.2 nexthop via 172.30.0.3
    node1: route add 10.81.0.0/24 via 172.30.0.2 table 100
    node1: route add 10.82.0.0/24 via inet6 fd77::9 dev cni0
    node1: neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev cni0 nud permanent`);
  await run(`bridge -n ${prefix}node1 fdb append 02:00:00:00:00:77 dev vxlan9 dst 172.30.0.2 self permanent`);
}

describe('everything of a namespace', () => {
  it('is what ip says', async () => {
    await buildTwoNodes();
    await tool.until(
      () => tool.named('node1')?.snapshot.fdb.some(entry => entry.dst === '172.30.0.2') === true,
    );
    await tool.until(() => tool.named('pod2')?.linkNamed('eth0')?.up === true);
    for (const name of ['host', 'node1', 'node2', 'pod1', 'pod2']) {
      // Duplicate address detection, carrier and router solicitations settle meanwhile.
      await expect.poll(async () => differences(tool.named(name)!, name), { timeout: 8000 }).toEqual([]);
    }
    expect(tool.named('node1')!.snapshot.ipForward).toBe(true);
    expect(tool.named('pod1')!.snapshot.ipForward).toBe(false);
  });

  it('names the other end of a veth exactly, though both nodes use the same numbers', async () => {
    await buildTwoNodes();
    for (const n of [1, 2]) {
      const pod = await tool.link(`pod${n}`, 'eth0');
      const vp = await tool.link(`node${n}`, 'vp');
      expect(pod.ifindex).toBe((await tool.link('pod1', 'eth0')).ifindex);
      await tool.until(() => tool.named(`pod${n}`)!.linkNamed('eth0')?.peer?.netns !== undefined);
      expect(tool.named(`pod${n}`)!.linkNamed('eth0')!.peer).toEqual({
        ifindex: vp.ifindex,
        netns: tool.named(`node${n}`)!.cookie,
      });
      expect(tool.named(`node${n}`)!.linkNamed('vp')!.peer).toEqual({
        ifindex: pod.ifindex,
        netns: tool.named(`pod${n}`)!.cookie,
      });
    }
    const ports = () => {
      const host = tool.named('host')!;
      return host.ports(host.linkNamed('br0')!.ifindex).map(({ name }) => name);
    };
    await tool.until(() => ports().length === 2);
    expect(ports()).toEqual(['v1', 'v2']);
  });

  it('follows a veth end that is moved on', async () => {
    await makeNamespaces('a', 'b', 'c');
    await ip('a: link add x type veth peer name y');
    const within = () => tool.named('a')?.linkNamed('x')?.peer?.netns;
    await tool.until(() => within() === tool.named('a')?.cookie);
    await ip('a: link set y netns @b');
    await tool.until(() => tool.named('b') !== undefined && within() === tool.named('b')!.cookie);
    await ip('b: link set y netns @c');
    await tool.until(
      () => within() === tool.named('c')!.cookie && tool.named('c')!.linkNamed('y') !== undefined,
    );
    expect(tool.named('c')!.linkNamed('y')!.peer!.netns).toBe(tool.named('a')!.cookie);
    expect(tool.named('b')!.linkNamed('y')).toBeUndefined();
  });

  it('has the device below a tunnel, also in another namespace', async () => {
    await makeNamespaces('a', 'b');
    await ip(`a: link add x type veth peer name y
      a: link add here type vxlan id 5 dstport 4789 local 10.0.0.1 dev x
      a: link add gone type vxlan id 6 dstport 4789 local 10.0.0.1 dev x
      a: link set gone netns @b`);
    const x = await tool.link('a', 'x');
    const { cookie } = tool.named('a')!;
    expect((await tool.link('a', 'here')).lower).toEqual({ ifindex: x.ifindex, netns: cookie });
    await tool.until(() => tool.named('b')?.linkNamed('gone')?.lower?.netns === cookie);
    expect(tool.named('b')!.linkNamed('gone')!.lower!.ifindex).toBe(x.ifindex);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON has no types
type Json = any;

/** What `ip -j` says and the view does not, or the other way round. */
async function differences(view: NetnsView, name: string): Promise<string[]> {
  const expected = [
    ...(await ipJson(name, '-d link')).map(linkText),
    ...(await ipJson(name, 'addr')).flatMap((link: Json) =>
      link.addr_info.map((each: Json) => `addr ${link.ifindex} ${each.local}/${each.prefixlen}`),
    ),
    ...(await ipJson(name, '-4 route show table all')).flatMap(routeTexts),
    ...(await ipJson(name, '-6 route show table all')).flatMap(routeTexts),
    ...(await ipJson(name, 'neigh')).map(
      (each: Json) => `neigh ${each.dst} ${each.dev} ${each.lladdr ?? ''}`,
    ),
  ];
  const { snapshot } = view;
  const devOf = (ifindex: number | undefined) => view.link(ifindex ?? 0)?.name ?? '';
  const found = [
    ...snapshot.links.map(each =>
      [
        'link',
        each.ifindex,
        each.name,
        each.kind ?? '',
        each.mac ?? '',
        each.mtu,
        each.up,
        devOf(each.master),
        each.vxlan?.vni ?? '',
        each.vxlan?.local ?? '',
      ].join(' '),
    ),
    ...snapshot.addresses.map(each => `addr ${each.ifindex} ${each.ip}/${each.prefixLen}`),
    ...snapshot.routes.map(each =>
      [
        'route',
        each.table,
        each.type,
        each.dst,
        each.via ?? '',
        devOf(each.ifindex),
        each.src ?? '',
        each.metric ?? '',
      ].join(' '),
    ),
    ...snapshot.neighbours.map(each => `neigh ${each.ip} ${devOf(each.ifindex)} ${each.mac ?? ''}`),
  ];
  return [
    ...expected.filter(text => !found.includes(text)).map(text => `only ip: ${text}`),
    ...found.filter(text => !expected.includes(text)).map(text => `only inventory: ${text}`),
  ];
}

function linkText(link: Json): string {
  const kind = link.linkinfo?.info_kind ?? (link.link_type === 'loopback' ? 'loopback' : '');
  const up = link.flags.includes('UP') && (link.flags.includes('LOWER_UP') || link.operstate === 'UNKNOWN');
  const vxlan = kind === 'vxlan' ? link.linkinfo.info_data : {};
  return [
    'link',
    link.ifindex,
    link.ifname,
    kind,
    link.address ?? '',
    link.mtu,
    up,
    link.master ?? '',
    vxlan.id ?? '',
    vxlan.local ?? '',
  ].join(' ');
}

function routeTexts(route: Json): string[] {
  const table = { main: 254, default: 253, local: 255 }[route.table as string] ?? Number(route.table ?? 254);
  if (table === 255) return [];
  const ipv6 =
    String(route.dst).includes(':') || route.gateway?.includes(':') === true || route.pref !== undefined;
  const dst =
    route.dst === 'default'
      ? ipv6
        ? '::/0'
        : '0.0.0.0/0'
      : route.dst.includes('/')
        ? route.dst
        : `${route.dst}/${ipv6 ? 128 : 32}`;
  return (route.nexthops ?? [route]).map((hop: Json) =>
    [
      'route',
      table,
      route.type ?? 'unicast',
      dst,
      hop.gateway ?? hop.via?.host ?? '',
      hop.dev ?? '',
      route.prefsrc ?? '',
      route.metric ?? '',
    ].join(' '),
  );
}

describe('as they come and go', () => {
  it('a namespace has its name within 100 ms, and is gone within 100 ms', async () => {
    const born: number[] = [];
    const died: number[] = [];
    for (let i = 0; i < 20; i++) {
      await makeNamespaces(`quick${i}`);
      born.push(await tool.until(() => tool.named(`quick${i}`) !== undefined));
      const { cookie } = tool.named(`quick${i}`)!;
      await run(`ip netns del ${prefix}quick${i}`);
      died.push(await tool.until(() => tool.present(cookie) === undefined));
    }
    console.info(`name after creation: ${summary(born)}; gone after deletion: ${summary(died)}`);
    expect(median(born)).toBeLessThan(100);
    expect(median(died)).toBeLessThan(100);
  });

  it('one that lives for 10 ms is told by its name', async () => {
    const lives = 20;
    const { length } = tool.frames;
    await run(
      `for i in $(seq ${lives}); do ip netns add ${prefix}brief$i; sleep 0.01; ip netns del ${prefix}brief$i; done`,
    );
    await run(`ip netns add ${prefix}last`);
    await tool.until(() => tool.named('last') !== undefined);
    const names = tool.frames.slice(length).flatMap(({ frame }) => ('names' in frame ? frame.names : []));
    const brief = new Set(names.filter(name => name.startsWith(`${prefix}brief`)));
    // A machine that is busy with something else for 10 ms may miss one; looks every 25 ms would miss half.
    expect(brief.size).toBeGreaterThanOrEqual(lives - 2);
  });

  it('a namespace is let go at once: its veth vanishes with it', async () => {
    await makeNamespaces('a', 'b');
    await ip('a: link add x type veth peer name y netns @b');
    await tool.until(() => tool.named('b')?.linkNamed('y') !== undefined);
    const { cookie } = tool.named('b')!;
    await run(`ip netns del ${prefix}b`);
    await tool.until(() => tool.present(cookie) === undefined, 1000);
    await tool.until(() => tool.named('a')?.linkNamed('x') === undefined, 1000);
    expect(await ipJson('a', 'link show dev x').catch(() => 'gone')).toBe('gone');
  });

  it('an inode that is used again is another namespace', async () => {
    const seen = new Map<number, Set<string>>();
    for (let i = 0; i < 12; i++) {
      await makeNamespaces(`again${i}`);
      await tool.until(() => tool.named(`again${i}`) !== undefined);
      const { inode, cookie } = tool.named(`again${i}`)!.snapshot;
      seen.set(inode, (seen.get(inode) ?? new Set()).add(cookie));
      await run(`ip netns del ${prefix}again${i}`);
      await tool.until(() => tool.present(cookie) === undefined);
    }
    expect([...seen.values()].reduce((sum, cookies) => sum + cookies.size, 0)).toBe(12);
  });

  const changes: readonly (readonly [string, (view: NetnsView) => boolean])[] = [
    ['link add z type bridge', view => view.linkNamed('z') !== undefined],
    ['link set x mtu 1234', view => view.linkNamed('x')!.mtu === 1234],
    ['link set x name w', view => view.linkNamed('w') !== undefined],
    ['link set x address 02:00:00:00:12:34', view => view.linkNamed('x')!.mac === '02:00:00:00:12:34'],
    ['link set y down', view => !view.linkNamed('x')!.up],
    ['link set x master bridge0', view => view.linkNamed('x')!.master === view.linkNamed('bridge0')!.ifindex],
    ['addr add 10.1.2.3/24 dev x', view => view.owns('10.1.2.3')],
    ['addr add fd12::3/64 dev x', view => view.owns('fd12::3')],
    ['route add 10.9.0.0/16 dev x', view => view.route('10.9.9.9') !== undefined],
    ['route add fd99::/64 dev x', view => view.route('fd99::9') !== undefined],
  ];
  it('a change of links, addresses, routes or forwarding is seen within 100 ms', async () => {
    const names = changes.map((_, i) => `change${i}`);
    await makeNamespaces('forward', ...names);
    for (const name of names)
      await ip(`${name}: link add x type veth peer name y
        ${name}: link set x up
        ${name}: link set y up
        ${name}: link add bridge0 type bridge`);
    await tool.until(() => names.every(name => tool.named(name)?.linkNamed('bridge0') !== undefined));
    await quiet(settledMs);
    for (const [i, [command, seen]] of changes.entries()) {
      await ip(`${names[i]}: ${command}`);
      const tookMs = await tool.until(() => seen(tool.named(names[i]!)!), 3000);
      expect(tookMs, command).toBeLessThan(100);
    }
    await run(`ip netns exec ${prefix}forward sysctl -qw net.ipv4.ip_forward=1`);
    expect(await tool.until(() => tool.named('forward')!.snapshot.ipForward === true, 3000)).toBeLessThan(
      100,
    );
  });

  it('neighbours and forwarding entries are read again by time, and what did not change is not told again', async () => {
    await makeNamespaces('a', 'still');
    await ip(`still: link set lo up
      a: link add v type vxlan id 5 dstport 4789 local 10.0.0.1
      a: link set v up`);
    await tool.until(
      () => tool.named('a')?.linkNamed('v')?.up === true && tool.named('still')?.linkNamed('lo')?.up === true,
    );
    await quiet(settledMs);
    const { cookie } = tool.named('still')!;
    const told = () => tool.frames.filter(({ frame }) => frame.cookie === cookie).length;
    const before = told();
    await ip('a: neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v nud permanent');
    await run(`bridge -n ${prefix}a fdb append 02:00:00:00:00:99 dev v dst 10.0.0.2`);
    await tool.until(() => tool.named('a')!.snapshot.neighbours.some(each => each.ip === '10.0.0.9'), 8000);
    await tool.until(() => tool.named('a')!.snapshot.fdb.some(each => each.dst === '10.0.0.2'), 8000);
    await quiet(rereadMs);
    expect(told()).toBe(before);
  });
});

/** After the readings that follow a change at 0.2 and 1 s: what is seen from then on is seen because it was noticed. */
const settledMs = 1600;
/** Longer than any namespace waits for its next reading. */
const rereadMs = 6500;

/** Lets event time pass: the inventory's re-reading goes by the clock. */
const quiet = (timeMs: number) => new Promise(resolve => setTimeout(resolve, timeMs));

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const summary = (values: readonly number[]) =>
  `median ${median(values).toFixed(0)} ms, longest ${Math.max(...values).toFixed(0)} ms`;

describe('200 namespaces', () => {
  it('are read in well under 5 s', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `many${i}`);
    await makeNamespaces('hub', ...names);
    await ip(
      names
        .map(
          (name, i) =>
            `hub: link add v${i} type veth peer name eth0 netns @${name}\n${name}: addr add 10.66.${i}.2/24 dev eth0`,
        )
        .join('\n'),
    );
    const start = performance.now();
    const fresh = await Tool.started();
    const tookMs = performance.now() - start;
    expect(await fresh.stop()).toBe(0);
    console.info(
      `first look at ${fresh.inventory.all().length} namespaces, program start included: ${tookMs.toFixed(0)} ms`,
    );
    expect(tookMs).toBeLessThan(5000);
    const hub = fresh.named('hub')!;
    for (const [i, name] of names.entries())
      expect(fresh.named(name)!.linkNamed('eth0')!.peer).toEqual({
        ifindex: hub.linkNamed(`v${i}`)!.ifindex,
        netns: hub.cookie,
      });
  });
});
