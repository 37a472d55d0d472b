/** What was known of the place of a hop, at the packet's time. */
import type { NetnsView } from '../inventory/netns-view.ts';
import type { Endpoint, NetnsRef } from '../model/journey.ts';

export interface Surroundings {
  /** How a person calls the namespace. */
  readonly label: string;
  /** Absent: the inventory does not know the namespace (yet). */
  readonly view: NetnsView | undefined;
  /** Who an address is, seen from there. */
  readonly who: (ip: string, port: number | undefined, proto: string) => Endpoint;
}

/** Docker names a namespace by 12 digits, below a directory that `ip netns` does not look into. */
const DOCKER_NAME = /^[0-9a-f]{12}$/;

/** The words that run a command there; undefined: it has neither a name nor a process to enter it by. */
export function wayInto(netns: NetnsRef, view: NetnsView | undefined): string[] | undefined {
  if (view?.snapshot.own === true) return [];
  const { name } = netns;
  if (name !== undefined && !DOCKER_NAME.test(name)) return ['ip', 'netns', 'exec', name];
  const pid = view?.snapshot.processes[0]?.pid;
  if (pid !== undefined) return ['nsenter', `--net=/proc/${pid}/ns/net`];
  return name === undefined ? undefined : ['nsenter', `--net=/run/docker/netns/${name}`];
}
