/**
 * What this machine itself tells of clusters, without asking anybody: its boot id, and nodes that are containers on it. A kind node has a kubelet, and
 * a folder /kind in its image (so kind's documentation and sources; not seen here).
 */
import { existsSync, readFileSync } from 'node:fs';
import { entriesOf, textAt } from '../host/files.ts';

/** The same in every container: nodes say it of themselves, so a node with this one runs on this kernel. */
export function bootId(): string | undefined {
  return firstLine('/proc/sys/kernel/random/boot_id');
}

export interface NodeContainer {
  readonly pid: number;
  /** Of the container, which is the node's. */
  readonly hostname: string;
  /** Of kind: `kind-control-plane` is of cluster `kind`. */
  readonly cluster?: string;
}

/** Containers with a kubelet in them. Needs root to look into them. */
export function nodeContainers(proc = '/proc'): NodeContainer[] {
  const found: NodeContainer[] = [];
  for (const entry of entriesOf(proc)) {
    if (!/^\d+$/.test(entry) || firstLine(`${proc}/${entry}/comm`) !== 'kubelet') continue;
    const root = `${proc}/${entry}/root`;
    const hostname = firstLine(`${root}/etc/hostname`);
    if (hostname === undefined || !existsSync(`${root}/kind`)) continue;
    const cluster = /^(.+?)-(?:control-plane|worker)\d*$/.exec(hostname)?.[1];
    found.push({ pid: Number(entry), hostname, ...(cluster === undefined ? {} : { cluster }) });
  }
  return found;
}

/** How those nodes are wired: the first network configuration that the runtime would take, by name of its file. */
export interface CniConfig {
  readonly file: string;
  readonly name: string;
  readonly plugins: readonly string[];
}

export function cniOf(root: string): CniConfig | undefined {
  const folder = `${root}/etc/cni/net.d`;
  const [file] = entriesOf(folder)
    .filter(name => /\.(conflist|conf|json)$/.test(name))
    .sort();
  if (file === undefined) return undefined;
  try {
    const config = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as {
      readonly name?: unknown;
      readonly type?: unknown;
      readonly plugins?: unknown;
    };
    const plugins = Array.isArray(config.plugins)
      ? (config.plugins as { readonly type?: unknown }[])
      : [config];
    const types = plugins.flatMap(plugin => (typeof plugin.type === 'string' ? [plugin.type] : []));
    return { file, name: String(config.name ?? file), plugins: types };
  } catch {
    return undefined; // half written, or no JSON
  }
}

const firstLine = (path: string): string | undefined => textAt(path)?.split('\n')[0]?.trim() || undefined;
