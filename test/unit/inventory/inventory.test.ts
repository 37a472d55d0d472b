import { describe, expect, it } from 'vitest';
import { Inventory } from '../../../src/inventory/inventory.ts';
import { addresses, inventoryOf, labNamespaces, link, ms, netns, oneLab, veth } from './machine.ts';

const named = (cookie: number, at: number, name: string) => netns(cookie, { at, names: [name] });

describe('a namespace in time', () => {
  const inventory = inventoryOf(named(7, 1000 * ms, 'old'), named(7, 2000 * ms, 'new'));
  const nameAt = (at: number) => inventory.netnsAt('7', at)?.names[0];

  it('is what was read last before the moment', () => {
    expect(nameAt(1000 * ms)).toBe('old');
    expect(nameAt(2000 * ms - 1)).toBe('old');
    expect(nameAt(2000 * ms)).toBe('new');
    expect(nameAt(9000 * ms)).toBe('new');
  });

  it('is known up to 100 ms before it was read the first time', () => {
    expect(nameAt(900 * ms)).toBe('old');
    expect(nameAt(900 * ms - 1)).toBeUndefined();
  });

  it('is found by the text and by the low 53 bits of its cookie, by absolute and by session time', () => {
    const cookie = (2n ** 63n + 5n).toString();
    const session = new Inventory({ clockBaseNs: 10n ** 18n });
    session.apply({ ...netns(1), cookie, timeNs: String(10n ** 18n + 3n) });
    expect(session.netnsAt(cookie, 3)?.cookie).toBe(cookie);
    expect(session.netnsAt(5, 10n ** 18n + 3n)?.cookie).toBe(cookie);
    expect(session.netnsAt(6, 3)).toBeUndefined();
  });

  it('takes versions in any order', () => {
    const mixed = inventoryOf(named(7, 2000 * ms, 'new'), named(7, 1000 * ms, 'old'));
    expect(mixed.netnsAt('7', 1500 * ms)?.names).toEqual(['old']);
    expect(mixed.netnsAt('7', 2500 * ms)?.names).toEqual(['new']);
  });
});

describe('a namespace that is gone', () => {
  it('keeps its names for packets told late, is not among those present, and is forgotten after a minute', () => {
    const inventory = inventoryOf(named(7, 1000 * ms, 'pod'));
    inventory.apply({ timeNs: String(2000 * ms), cookie: '7', gone: true });
    expect(inventory.all(1999 * ms)).toHaveLength(1);
    expect(inventory.all(2000 * ms)).toHaveLength(0);
    expect(inventory.netnsAt('7', 2001 * ms)?.names).toEqual(['pod']);
    inventory.apply(named(8, 61_999 * ms, 'other'));
    expect(inventory.netnsAt('7', 2001 * ms)).toBeDefined();
    inventory.apply(named(8, 62_001 * ms, 'other'));
    expect(inventory.netnsAt('7', 2001 * ms)).toBeUndefined();
  });

  it('that was never there is no error', () => {
    const inventory = new Inventory();
    inventory.apply({ timeNs: '5', cookie: '7', gone: true });
    expect(inventory.all()).toEqual([]);
    expect(inventory.rev).toBe(1);
  });
});

describe('answers', () => {
  const base = netns(7, {
    at: 1000 * ms,
    links: [link(2, 'eth0')],
    addresses: addresses([2, '10.0.0.1/24']),
  });
  const changedBy = (change: object) => {
    const inventory = inventoryOf({ ...base, names: ['pod'] });
    const before = inventory.answersRev;
    inventory.apply({ ...base, names: ['pod'], timeNs: String(2000 * ms), ...change });
    expect(inventory.rev).toBe(2);
    return { isNew: inventory.answersRev > before, changedNs: inventory.changedNs };
  };

  it.each([
    ['names', { names: ['other'] }],
    ['links', { links: [] }],
    ['addresses', { addresses: [] }],
    ['routes', { routes: [{ table: 254, dst: '10.0.0.0/8', type: 'unicast' }] }],
    ['forwarding', { ipForward: true }],
    ['the inode', { inode: 1 }],
    ['its end', { gone: true }],
  ])('change with %s', (_, change) => {
    expect(changedBy(change)).toEqual({ isNew: true, changedNs: 2000 * ms });
  });

  it.each([
    ['neighbours', { neighbours: [{ ifindex: 2, ip: '10.0.0.2', state: 'stale' }] }],
    ['bridge entries', { fdb: [{ ifindex: 2, mac: '02:00:00:00:00:01' }] }],
    ['processes of a namespace with a name', { processes: [{ pid: 7, comm: 'curl' }] }],
    ['nothing', {}],
  ])('do not change with %s', (_, change) => {
    expect(changedBy(change)).toEqual({ isNew: false, changedNs: 1000 * ms });
  });

  it('change with the process that a namespace without a name is called by', () => {
    const inventory = inventoryOf({ ...base, names: [], processes: [{ pid: 7, comm: 'sh' }] });
    const before = inventory.answersRev;
    inventory.apply({ ...base, names: [], processes: [{ pid: 8, comm: 'sleep' }] });
    expect(inventory.answersRev).toBeGreaterThan(before);
  });

  it('are settled when the last moment has passed at which a device of before may be named', () => {
    const inventory = inventoryOf(base);
    expect(inventory.settledNs).toBe(1100 * ms);
  });
});

describe('memory', () => {
  it('keeps a minute of versions, and the one that held when the minute began', () => {
    const inventory = new Inventory();
    for (let second = 1; second <= 200; second++) inventory.apply(named(7, second * 1000 * ms, `v${second}`));
    const nameAt = (second: number) => inventory.netnsAt('7', second * 1000 * ms)?.names[0];
    expect(nameAt(200)).toBe('v200');
    expect(nameAt(141)).toBe('v141');
    expect(nameAt(100)).toBeUndefined();
  });

  it('keeps no more than 256 versions of one that changes all the time', () => {
    const inventory = new Inventory();
    for (let i = 0; i < 1000; i++) inventory.apply(named(7, 1000 * ms + i * 10 * ms, `v${i}`));
    expect(inventory.netnsAt('7', 1000 * ms + 999 * 10 * ms)?.names).toEqual(['v999']);
    expect(inventory.netnsAt('7', 1000 * ms + 744 * 10 * ms)?.names).toEqual(['v744']);
    expect(inventory.netnsAt('7', 1000 * ms + 700 * 10 * ms)).toBeUndefined();
  });
});

describe('a device in time', () => {
  const before = netns(7, { at: 1000 * ms, links: [link(2, 'going')] });
  const after = netns(7, { at: 2000 * ms, links: [link(3, 'coming')] });
  const inventory = inventoryOf(before, after);
  const nameAt = (ifindex: number, at: number) => inventory.linkAt(7, ifindex, at)?.name;

  it('may send up to 100 ms before it was read, and no sooner', () => {
    expect(nameAt(3, 1900 * ms)).toBe('coming');
    expect(nameAt(3, 1900 * ms - 1)).toBeUndefined();
  });

  it('is still named up to 100 ms after a reading that does not have it', () => {
    expect(nameAt(2, 2100 * ms)).toBe('going');
    expect(nameAt(2, 2100 * ms + 1)).toBeUndefined();
  });

  it('goes by the version of the moment where both have it', () => {
    const renamed = inventoryOf(
      netns(7, { at: 1000 * ms, links: [link(2, 'eth0')] }),
      netns(7, { at: 2000 * ms, links: [link(2, 'wan')] }),
    );
    expect(renamed.linkAt(7, 2, 1950 * ms)?.name).toBe('eth0');
    expect(renamed.linkAt(7, 2, 2000 * ms)?.name).toBe('wan');
  });
});

describe('how devices are joined', () => {
  const { inventory } = oneLab();

  it('finds the other end of a veth in its namespace, and back', () => {
    expect(inventory.peerOf(104, 2)).toMatchObject({ cookie: '102', ifindex: 5, link: { name: 'va' } });
    expect(inventory.peerOf('102', 5)).toMatchObject({ cookie: '104', ifindex: 2, link: { name: 'eth0' } });
    expect(inventory.peerOf(104, 1)).toBeUndefined();
  });

  it('does not guess the namespace of a peer that could not be told', () => {
    const alone = inventoryOf(netns(7, { links: [link(2, 'eth0', { kind: 'veth', peer: { ifindex: 9 } })] }));
    expect(alone.peerOf(7, 2)).toBeUndefined();
    expect(inventoryOf(netns(7, { links: [veth(2, 'eth0', 9, 99)] })).peerOf(7, 2)).toEqual({
      cookie: '99',
      ifindex: 9,
    });
  });

  it('knows bridges and their ports', () => {
    expect(inventory.masterOf(102, 5)?.name).toBe('cni0');
    expect(inventory.masterOf(102, 2)).toBeUndefined();
    expect(inventory.portsOf(102, 3).map(({ name }) => name)).toEqual(['va', 'vb']);
  });

  it('tells an edge from a device that leads to another one', () => {
    expect(inventory.hasPeerInKernel(3, 2)).toBe(false);
    for (const ifindex of [1, 2, 3, 4, 5]) expect(inventory.hasPeerInKernel(102, ifindex)).toBe(true);
    expect(inventory.hasPeerInKernel(102, 77)).toBeUndefined();
    expect(inventory.isTunnel(102, 4)).toBe(true);
    expect(inventory.isTunnel(102, 3)).toBe(false);
    expect(inventory.isLoopback(102, 1)).toBe(true);
  });

  it('knows who owns an address', () => {
    expect(inventory.ownerOf(102, '10.244.1.1')?.name).toBe('cni0');
    expect(inventory.ownerOf(102, '10.244.1.5')).toBeUndefined();
    expect(inventory.ownersOf('10.244.1.5').map(({ cookie }) => cookie)).toEqual(['104']);
    expect(inventory.addressesOf(104).map(({ ip }) => ip)).toEqual(['127.0.0.1', '10.244.1.5', 'fe80::1']);
  });
});

describe('what a namespace accepts', () => {
  const view = inventoryOf(
    netns(7, {
      links: [link(2, 'eth0')],
      addresses: addresses([2, '10.0.0.5/24'], [2, 'fd00::12:3456/64']),
      routes: [{ table: 100, dst: '198.51.100.0/24', ifindex: 1, type: 'local' }],
    }),
  ).viewAt(7, 1000 * ms)!;

  it.each([
    ['10.0.0.5', true],
    ['127.9.9.9', true],
    ['10.0.0.255', true],
    ['255.255.255.255', true],
    ['224.0.0.1', true],
    ['ff02::1', true],
    ['ff02::1:ff12:3456', true],
    ['198.51.100.9', true],
    ['10.0.0.6', false],
    ['224.0.0.251', undefined],
    ['ff02::1:ff12:3457', undefined],
  ])('%s: %s', (ip, accepted) => {
    expect(view.accepts(ip)).toBe(accepted);
  });
});

describe('a route', () => {
  const inventory = inventoryOf(...labNamespaces('one', 100));
  const text = (ip: string) => inventory.routeLookup(102, ip)?.text;

  it('is the longest prefix of the main table, not of another', () => {
    expect(text('10.244.2.7')).toBe('10.244.2.0/24 via 10.244.2.0 dev flannel.1');
    expect(text('10.244.1.6')).toBe('10.244.1.0/24 dev cni0 src 10.244.1.1');
    expect(text('8.8.8.8')).toBe('default via 172.18.0.1 dev eth0');
  });

  it('is local to its own addresses, and the lower metric wins', () => {
    expect(text('10.244.1.1')).toBe('local 10.244.1.1 dev cni0');
    expect(text('192.0.2.5')).toBe('blackhole 192.0.2.0/24 metric 10');
  });

  it('of a longer prefix wins also with the higher metric, in whatever order they are listed', () => {
    const far = { table: 254, dst: '0.0.0.0/0', ifindex: 1, type: 'unicast' };
    const near = { table: 254, dst: '10.8.0.0/16', ifindex: 1, metric: 50, type: 'unicast' };
    for (const routes of [
      [far, near],
      [near, far],
    ])
      expect(inventoryOf(netns(7, { routes })).routeLookup(7, '10.8.1.1')?.prefix).toBe('10.8.0.0/16');
  });

  it('may be missing', () => {
    expect(inventory.routeLookup(104, '8.8.8.8')).toBeUndefined();
    expect(inventory.routeLookup(102, 'fd00::1')).toBeUndefined();
  });
});
