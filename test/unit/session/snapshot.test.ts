/** What a recording begins anew with is what a reader needs of all that came before. */
import { describe, expect, test } from 'vitest';
import type {
  ClusterChange,
  ClusterPod,
  ClusterSnapshot,
  InventoryFrame,
} from '../../../src/model/inventory.ts';
import { Snapshot } from '../../../src/session/snapshot.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { helloJson, joined } from '../../helpers/frames.ts';
import { followAny } from '../../helpers/sessions.ts';

const seen = new Decoder().push(recordedBytes('flannel-service-cross-node'));

function noted(...frames: readonly Frame[]): Frame[] {
  const snapshot = new Snapshot();
  for (const frame of frames) snapshot.note(frame);
  return new Decoder().push(joined(...snapshot.frames()));
}

const of = <K extends Frame['kind']>(frames: readonly Frame[], kind: K): Extract<Frame, { kind: K }>[] =>
  frames.filter((frame): frame is Extract<Frame, { kind: K }> => frame.kind === kind);

describe('a snapshot', () => {
  test('has the newest of each namespace, cluster, function and process, once', () => {
    const again = noted(...seen, ...seen);
    const newest = new Map(of(seen, 'inventory').map(({ inventory }) => [inventory.cookie, inventory]));
    expect(of(again, 'inventory').map(({ inventory }) => inventory)).toEqual([...newest.values()]);
    expect(of(again, 'cluster')).toEqual(of(seen, 'cluster'));
    expect(new Set(of(again, 'symbol').map(({ name }) => name))).toEqual(
      new Set(of(seen, 'symbol').map(({ name }) => name)),
    );
    const sockets = new Set(of(seen, 'process').map(({ process }) => process.sk));
    expect(of(again, 'process')).toHaveLength(sockets.size);
    for (const { process } of of(again, 'process'))
      expect(of(seen, 'process').map(p => p.process)).toContainEqual(process);
  });

  test('has a cluster as it is after all that was said of it', () => {
    const cluster = of(seen, 'cluster')[0]!.cluster as ClusterSnapshot;
    const [first, second] = cluster.pods as [ClusterPod, ClusterPod];
    const moved = { ...second, node: 'node-9' };
    const change = (timeNs: string, more: Partial<ClusterChange>): Frame => ({
      kind: 'cluster',
      cluster: { timeNs, name: cluster.name, gone: {}, nodes: [], pods: [], services: [], ...more },
    });
    const again = noted(
      ...seen,
      change('7', { pods: [moved], gone: { pods: [`${first.namespace}/${first.name}`] } }),
      change('8', { gone: { services: cluster.services.map(each => `${each.namespace}/${each.name}`) } }),
      { kind: 'cluster', cluster: { ...cluster, name: 'other' } },
      { kind: 'cluster', cluster: { name: 'other', gone: true } },
    );
    expect(of(again, 'cluster').map(each => each.cluster)).toEqual([
      { ...cluster, timeNs: '8', pods: [moved, ...cluster.pods.slice(2)], services: [] },
    ]);
  });

  test('begins with what the hello needs before it, and says what is followed', () => {
    const kinds = noted(...seen, { kind: 'note', note: followAny }).map(({ kind }) => kind);
    expect(kinds.indexOf('hello')).toBeGreaterThan(kinds.lastIndexOf('inventory'));
    expect(kinds[kinds.indexOf('hello') + 1]).toBe('note');
    expect(kinds.filter(kind => kind === 'event')).toEqual([]);
  });

  test('leaves out what is gone', () => {
    const { inventory } = of(seen, 'inventory')[0]!;
    const gone: InventoryFrame = { timeNs: inventory.timeNs, cookie: inventory.cookie, gone: true };
    const cookies = of(noted(...seen, { kind: 'inventory', inventory: gone }), 'inventory').map(
      each => each.inventory.cookie,
    );
    expect(cookies).not.toContain(inventory.cookie);
    expect(cookies.length).toBeGreaterThan(5);
  });

  test('keeps the clock of the first collector', () => {
    const other = { ...helloJson, kernel: '7.0', clock: { ...helloJson.clock, monotonicNs: '1' } };
    const [hello] = of(noted(...seen, { kind: 'hello', hello: other }), 'hello');
    expect(hello?.hello.kernel).toBe('7.0');
    expect(hello?.hello.clock).toEqual(of(seen, 'hello')[0]!.hello.clock);
  });

  test('without a hello there is none', () => {
    expect(noted(...of(seen, 'inventory'))).toEqual([]);
  });
});
