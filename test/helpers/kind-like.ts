/**
 * A node with pods as kind has them, from plain parts: the node is a process in namespaces of its own (PID, mount, network, UTS) and in a
 * container's cgroup, each pod one within that PID namespace, in a pod's cgroup within the node's. The layout of the cgroups is kind's by its
 * documentation. `stop()` leaves nothing behind.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { podResolvConf } from '../../src/lab/dataplane/dns.ts';
import type { KubeObject } from './kube-api.ts';

const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const CGROUP2_MAGIC = 0x63677270;

/** Version 2, else systemd's own of version 1: neither limits anything here. */
function cgroupRoot(): string {
  const all = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];
  const found = all.find(
    path => existsSync(join(path, 'cgroup.procs')) && statfsSync(path).type === CGROUP2_MAGIC,
  );
  return found ?? all[2]!;
}

interface Process {
  /** As this machine's /proc has it. */
  readonly pid: number;
  readonly end: () => Promise<unknown>;
}

export interface PodSpec {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  /** 64 hexadecimal digits. */
  readonly container: string;
}

export class KindLike {
  readonly name: string;
  readonly ip: string;
  readonly container: string;
  readonly #cgroup: string;
  readonly #folders: string[] = [];
  readonly #etc = mkdtempSync(join(tmpdir(), 'tracer-kind-etc-'));
  readonly #processes: Process[] = [];
  #node: Process | undefined;
  #next = 1;

  constructor(name: string, ip: string, container: string) {
    this.name = name;
    this.ip = ip;
    this.container = container;
    this.#cgroup = join(cgroupRoot(), `tracer-test-${process.pid}`);
  }

  async start(): Promise<void> {
    const cgroup = this.#folder(`docker-${this.container}.scope/init.scope`);
    this.#node = await this.#process(cgroup, ['unshare', '-pmnu', '--fork', '--mount-proc']);
    await this.inside(
      this.#node.pid,
      `ip link set lo up; ip link add eth0 type dummy 2>/dev/null || ip link add eth0 type bridge
      ip addr add ${this.ip}/16 dev eth0; ip link set eth0 up; sysctl -qw net.ipv4.ip_forward=1`,
    );
  }

  /** Wired as kindnet does; with a resolv.conf in its mount namespace as the kubelet writes it. */
  async pod(spec: PodSpec): Promise<Process> {
    const slice = `kubelet-kubepods-pod${spec.uid.replaceAll('-', '_')}.slice`;
    const cgroup = this.#folder(
      `docker-${this.container}.scope/kubelet.slice/${slice}/cri-containerd-${spec.container}.scope`,
    );
    const node = this.#node!.pid;
    const enter = ['nsenter', '-t', String(node), '-m', '-p'];
    const pod = await this.#process(cgroup, [...enter, 'unshare', '-pmn', '--fork', '--mount-proc']);
    const resolvConf = join(this.#etc, `${spec.name}.conf`);
    writeFileSync(resolvConf, podResolvConf({ namespace: 'default' }));
    await execa(
      'nsenter',
      ['-t', String(pod.pid), '-m', 'mount', '-n', '--bind', resolvConf, '/etc/resolv.conf'],
      {
        env,
      },
    );
    const veth = `veth${this.#next++}`;
    await this.inside(
      node,
      `ip link add ${veth} type veth peer name eth0 netns ${pod.pid}
      ip addr add 10.244.0.1/32 dev ${veth}; ip link set ${veth} up; ip route add ${spec.ip}/32 dev ${veth} scope host`,
    );
    await this.inside(
      pod.pid,
      `ip link set lo up; ip addr add ${spec.ip}/24 dev eth0; ip link set eth0 up
      ip route del 10.244.0.0/24 dev eth0; ip route add 10.244.0.1/32 dev eth0 scope link src ${spec.ip}
      ip route add default via 10.244.0.1 dev eth0`,
    );
    const end = async (): Promise<void> => {
      // As a CNI does, and at once: the kernel takes its time with a namespace that nobody is in.
      await this.inside(node, `ip link del ${veth}`);
      await pod.end();
    };
    return { pid: pod.pid, end };
  }

  async stop(): Promise<void> {
    for (const { end } of this.#processes.splice(0).reverse()) await end();
    for (const folder of this.#folders.splice(0).reverse()) if (existsSync(folder)) rmdirSync(folder);
    rmSync(this.#etc, { recursive: true });
  }

  /** In the network namespace of a process. */
  async inside(pid: number, script: string): Promise<void> {
    await execa('nsenter', ['-t', String(pid), '-n', 'sh', '-ec', script], { env });
  }

  #folder(path: string): string {
    let folder = this.#cgroup;
    for (const part of ['', ...path.split('/')]) {
      folder = join(folder, part);
      if (existsSync(folder)) continue;
      mkdirSync(folder);
      this.#folders.push(folder);
    }
    return folder;
  }

  /** In a cgroup from its start on; ends with its stdin. */
  async #process(cgroup: string, enter: readonly string[]): Promise<Process> {
    const script = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';
    const inner = ['sh', '-c', 'readlink /proc/self/ns/net; exec cat'];
    const child = execa('sh', ['-c', script, '-', cgroup, ...enter, ...inner], {
      env,
      stdin: 'pipe',
      reject: false,
      buffer: false,
    });
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      void child.then(({ exitCode }) => reject(new Error(`${enter.join(' ')} ended with ${exitCode}`)));
    });
    const own = {
      pid: pidIn(line),
      end: async () => {
        child.stdin.end();
        await child;
        this.#processes.splice(this.#processes.indexOf(own) >>> 0, 1);
      },
    };
    this.#processes.push(own);
    return own;
  }
}

/** The first process of its PID namespace; the one that made the namespaces is in that network, too. */
function pidIn(netns: string): number {
  const found = readdirSync('/proc').find(entry => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const isFirst = /^NSpid:(?:\t\d+)+\t1$/m.test(readFileSync(`/proc/${entry}/status`, 'utf8'));
      return isFirst && readlinkSync(`/proc/${entry}/ns/net`) === netns;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no process is in ${netns}`);
  return Number(found);
}

export function nodeObject(node: KindLike): KubeObject {
  const bootID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return {
    metadata: { name: node.name },
    spec: { podCIDRs: ['10.244.0.0/24'] },
    status: {
      addresses: [{ type: 'InternalIP', address: node.ip }],
      nodeInfo: { bootID, containerRuntimeVersion: 'containerd://2.1.9' },
    },
  };
}

export function podObject(node: KindLike, { name, uid, ip }: PodSpec): KubeObject {
  return {
    metadata: { name, namespace: 'default', uid, labels: { app: name } },
    spec: { nodeName: node.name, containers: [{ name: 'main' }] },
    status: { phase: 'Running', podIPs: [{ ip }] },
  };
}

/** Kept where a test writes what others read. */
export function writeConfig(path: string, text: string): string {
  writeFileSync(path, text);
  return path;
}
