/** Practice clusters that come, change and go. */
import { expect, test } from 'vitest';
import { LabWatch } from '../../../src/daemon/labs.ts';
import type { ClusterSnapshot } from '../../../src/model/inventory.ts';
import { labCluster } from '../inventory/machine.ts';

test('each change is told once', () => {
  let labs: ClusterSnapshot[] = [];
  const told: string[] = [];
  const watch = new LabWatch(
    {
      onCluster: ({ name, cni }) => told.push(`${name} ${cni ?? ''}`.trim()),
      onGone: name => told.push(`no ${name}`),
    },
    () => labs,
  );
  const look = (...next: ClusterSnapshot[]): string[] => {
    labs = next;
    watch.look();
    return told.splice(0);
  };
  const one = { ...labCluster('lab:one', 100), cni: 'flannel' };
  const two = { ...labCluster('lab:two', 200), cni: 'kindnet' };
  expect(look()).toEqual([]);
  expect(look(one)).toEqual(['lab:one flannel']);
  expect(look(one, two)).toEqual(['lab:two kindnet']);
  expect(look(one, two)).toEqual([]);
  expect(look({ ...one, cni: 'other' }, two)).toEqual(['lab:one other']);
  expect(look(two)).toEqual(['no lab:one']);
  expect(look(one, two)).toEqual(['lab:one flannel']);
});
