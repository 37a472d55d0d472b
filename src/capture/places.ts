/**
 * Where each capture was made, and what is known of the devices there: told by the names of the files, or by `ip -j` of each
 * namespace (host-facts.ts). What nobody told stays unknown: a step over it makes a journey incomplete, not wrong.
 */
import type { NetnsSnapshot } from '../model/inventory.ts';

export type DeviceKind = 'loopback' | 'veth' | 'bridge' | 'tunnel' | 'other';

export interface Device {
  readonly name: string;
  /** 0: nobody told it. */
  readonly ifindex: number;
  /** Known by its index alone: `name` is made up. */
  readonly unnamed?: true;
  /** Told, or guessed by the usual names where nothing is told. */
  readonly kind?: DeviceKind;
  /** Nothing passes it. */
  readonly isDown?: true;
  readonly mac?: number;
  /** Name of the bridge that it is a port of. */
  readonly master?: string;
  /** veth: the other end. */
  readonly peer?: { readonly place: number; readonly dev: string; readonly mac?: number };
}

/** One network namespace. */
export interface CapturePlace {
  /** Stands for its cookie. */
  readonly id: number;
  readonly name: string;
  /** What `ip -j` told of it. */
  readonly snapshot?: NetnsSnapshot;
  /** Files that show it. */
  readonly captures?: NonNullable<NetnsSnapshot['captures']>;
}

/** Where the packets of one capture were seen. */
export interface CapturePoint {
  readonly place: number;
  /** Absent: the capture is of all devices, and each packet tells its own (LINUX_SLL2). */
  readonly dev?: string;
}

/** All devices; of a packet: one of them, and nobody tells which. */
export const ANY = 'any';

/**
 * `k8s-cp:eth0.pcap`, `k8s-cp_eth0.pcap`, `pod_default.pod-a_eth0.pcap` → the namespace and the device; `any` is all devices.
 * Undefined: the name does not tell.
 */
export function pointOfFileName(path: string): { readonly place: string; readonly dev?: string } | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.(pcap|cap|dump)$/i, '');
  const match = /^(.+):([^:]+)$/.exec(name) ?? /^(.+)_([^_]+)$/.exec(name);
  return match === null ? undefined : pointOf(match[1]!, match[2]!);
}

/** `NODE/DEV` of `--place FILE=NODE/DEV`; a place alone means all its devices. */
export function pointOfText(text: string): { readonly place: string; readonly dev?: string } | undefined {
  const at = text.lastIndexOf('/');
  const place = at < 0 ? text : text.slice(0, at);
  const dev = at < 0 ? ANY : text.slice(at + 1);
  return place === '' || dev === '' ? undefined : pointOf(place, dev);
}

function pointOf(place: string, dev: string): { readonly place: string; readonly dev?: string } {
  const pod = place.replace(/^pod_/, '');
  const name = pod === 'root' ? 'host' : pod;
  return dev === ANY ? { place: name } : { place: name, dev };
}

const usualNames: readonly (readonly [RegExp, DeviceKind])[] = [
  [/^lo$/, 'loopback'],
  [/^(cni|docker|podman|virbr|br-|br\d|kube-bridge|cbr)/, 'bridge'],
  [/(^|-)docker\d+$/, 'bridge'],
  [/^(flannel|vxlan|cilium_vxlan|cilium_geneve|geneve|genev_sys)/, 'tunnel'],
  [/^(veth|cali|lxc|azv|eth\d|ens\d|enp\d)/, 'veth'],
];

/** By its name: only to tell what a frame can do there, never shown. */
export function guessedKind(dev: string): DeviceKind | undefined {
  return usualNames.find(([pattern]) => pattern.test(dev))?.[1];
}
