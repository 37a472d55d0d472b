/** Follows: counted, looked up again when something changes, and never half in force. */
import { describe, expect, test } from 'vitest';
import { TracerError } from '../../../src/base/errors.ts';
import { Follows, type FollowsOptions } from '../../../src/daemon/follows.ts';
import { nothingWatched, type Watched } from '../../../src/daemon/union.ts';
import { Names } from '../../../src/inventory/names.ts';
import { inventoryOf, labCluster, labNamespaces, ms, netns, oneLab } from '../inventory/machine.ts';

/** Follows, and the filters that they put in force. */
function rig(more: Partial<FollowsOptions> = {}, names: Names = oneLab()) {
  const filters: Watched[] = [];
  const notes: string[] = [];
  const follows = new Follows({
    names: () => names,
    apply: async watched => void filters.push(watched),
    note: text => notes.push(text),
    ...more,
  });
  const ips = () => JSON.stringify(filters.at(-1)?.rules ?? []);
  return { follows, filters, notes, ips };
}

const podToService = { src: 'pod-a', dst: 'nginx-service' };

describe('a follow', () => {
  test('is in force when it is told, and says what it means', async () => {
    const { follows, ips } = rig();
    const follow = await follows.add(podToService);
    expect(follow).toMatchObject({
      ...podToService,
      followers: 1,
      target: { src: { kind: 'pod', label: 'pod-a' } },
    });
    expect(ips()).toContain('10.244.1.5');
  });

  test('of two with the same request is one, gone with the last', async () => {
    const { follows, filters } = rig();
    const first = await follows.add(podToService);
    const second = await follows.add({ dst: 'nginx-service', src: 'pod-a' });
    expect(second).toMatchObject({ id: first.id, followers: 2 });
    expect(filters).toHaveLength(1);
    expect(await follows.remove(first.id)).toBe(true);
    expect(follows.list()).toMatchObject([{ followers: 1 }]);
    expect(filters).toHaveLength(1);
    expect(await follows.remove(first.id)).toBe(true);
    expect(follows.list()).toEqual([]);
    expect(filters.at(-1)).toEqual(nothingWatched);
    expect(await follows.remove(first.id)).toBe(false);
  });

  test('that names nothing changes nothing', async () => {
    const { follows, filters } = rig();
    await expect(follows.add({ src: 'nobody', dst: 'any' })).rejects.toMatchObject({ code: 'UNKNOWN_NAME' });
    expect([follows.list(), filters]).toEqual([[], []]);
  });

  test('that the kernel refuses is taken back', async () => {
    const { filters, ...rest } = rig();
    const follows = new Follows({
      names: () => oneLab(),
      note: () => {},
      apply: async watched => {
        filters.push(watched);
        if (watched.rules.length > 1) throw new TracerError('USAGE', 'no room');
      },
    });
    expect(rest.follows.list()).toEqual([]);
    await follows.add({ src: 'pod-a', dst: 'nginx-1' });
    await expect(follows.add({ src: 'pod-a', dst: 'nginx-2' })).rejects.toMatchObject({ code: 'USAGE' });
    expect(follows.list()).toMatchObject([{ dst: 'nginx-1' }]);
    await follows.add({ src: 'pod-a', dst: 'nginx-1' });
    expect(filters.map(({ rules }) => rules.length)).toEqual([1, 2, 1]);
    expect(follows.list()).toMatchObject([{ dst: 'nginx-1', followers: 2 }]);
  });

  test('of something made a moment ago waits for one look at the machine', async () => {
    const names = new Names(inventoryOf(...labNamespaces('one', 100)));
    let looks = 0;
    const { follows } = rig(
      {
        look: async () => {
          looks++;
          names.inventory.apply(netns(900, { names: ['fresh'], at: 2000 * ms }));
        },
      },
      names,
    );
    expect(await follows.add({ src: 'netns:fresh', dst: 'any' })).toMatchObject({
      target: { src: { netnsCookies: ['900'] } },
    });
    expect(looks).toBe(1);
  });

  test('changes come one after another', async () => {
    const running: number[] = [];
    let now = 0;
    const { follows } = rig({
      apply: async () => {
        running.push(++now);
        await new Promise(resolve => setImmediate(resolve));
        now--;
      },
    });
    await Promise.all(['nginx-1', 'nginx-2', 'nginx-service'].map(dst => follows.add({ src: 'pod-a', dst })));
    expect(running).toEqual([1, 1, 1]);
  });
});

describe('when the machine changes', () => {
  const cluster = labCluster('lab:one', 100);
  const moved = (ip: string) => ({
    ...cluster,
    pods: cluster.pods.map(pod => (pod.name === 'pod-a' ? { ...pod, ips: [ip] } : pod)),
  });

  test('a pod that was made again is followed at its new address', async () => {
    const names = new Names(inventoryOf(...labNamespaces('one', 100)), [cluster]);
    const { follows, filters, ips } = rig({}, names);
    await follows.add({ src: 'pod-a', dst: 'any' });
    await follows.refresh();
    expect(filters).toHaveLength(1);
    names.apply(moved('10.244.1.77'));
    await follows.refresh();
    expect(filters).toHaveLength(2);
    expect(ips()).toContain('10.244.1.77');
    expect(follows.list()).toMatchObject([{ target: { src: { ips: ['10.244.1.77'] } } }]);
  });

  test('a pod that is gone is followed as it was, until it comes again', async () => {
    const names = new Names(inventoryOf(...labNamespaces('one', 100)), [cluster]);
    const { follows, ips } = rig({}, names);
    await follows.add({ src: 'default/pod-a', dst: 'any' });
    names.apply({ name: 'lab:one', gone: true });
    await follows.refresh();
    expect(ips()).toContain('10.244.1.5');
    names.apply(moved('10.244.1.78'));
    await follows.refresh();
    expect(ips()).toContain('10.244.1.78');
  });
});
