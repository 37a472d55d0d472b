/** What the kernel and its surroundings are, from files: for any user, in a container, on a kernel that has nothing. */
import type { Finding } from './finding.ts';

export interface HostFiles {
  /** `uname -r` */
  readonly release: string;
  readonly exists: (path: string) => boolean;
  /** undefined: not there, or not for this user */
  readonly read: (path: string) => string | undefined;
  /** What a symbolic link says. */
  readonly link: (path: string) => string | undefined;
}

/** PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

export function kernelFindings(host: HostFiles): Finding[] {
  return [kernel(host), btf(host), lockdown(host), symbols(host), surroundings(host)];
}

/** Ring buffers came with 5.8; the youngest that tracer cannot do without. */
function kernel({ release }: HostFiles): Finding {
  const [major = 0, minor = 0] = release.split('.').map(Number.parseFloat);
  const isOldEnough = major > 5 || (major === 5 && minor >= 8);
  return {
    what: 'kernel',
    state: isOldEnough ? 'yes' : 'no',
    detail: `Linux ${release}`,
    ...(isOldEnough ? {} : { hint: 'tracer needs Linux 5.8' }),
  };
}

function btf({ exists }: HostFiles): Finding {
  if (exists('/sys/kernel/btf/vmlinux'))
    return { what: 'btf', state: 'yes', detail: 'the kernel describes its types' };
  const isMounted = exists('/sys/kernel');
  return {
    what: 'btf',
    state: 'no',
    detail: isMounted ? 'the kernel does not describe its types' : '/sys is not mounted here',
    hint: isMounted
      ? 'tracer needs a kernel with CONFIG_DEBUG_INFO_BTF=y (distributions have it since about 2020)'
      : 'mount -t sysfs sys /sys',
  };
}

/** security/lockdown/lockdown.c: what is in force stands in brackets. */
function lockdown({ read, exists }: HostFiles): Finding {
  const level = /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1];
  if (level === undefined)
    return exists('/sys/kernel/security') && !exists('/sys/kernel/security/lsm')
      ? { what: 'lockdown', state: 'unknown', detail: 'securityfs is not mounted' }
      : { what: 'lockdown', state: 'yes', detail: 'none: this kernel has no lockdown' };
  if (level === 'confidentiality')
    return {
      what: 'lockdown',
      state: 'no',
      detail: 'confidentiality: eBPF programs may not read kernel memory',
      hint: 'lockdown=integrity on the kernel command line allows it, and protects the kernel from being changed',
    };
  return { what: 'lockdown', state: 'yes', detail: level };
}

/** kallsyms_show_value(): 2 hides addresses from root too. */
function symbols({ read }: HostFiles): Finding {
  const level = read('/proc/sys/kernel/kptr_restrict')?.trim();
  if (level === undefined) return { what: 'symbols', state: 'unknown', detail: '/proc is not mounted' };
  if (level !== '2')
    return { what: 'symbols', state: 'yes', detail: `kernel functions are named (kptr_restrict ${level})` };
  return {
    what: 'symbols',
    state: 'no',
    detail: 'kptr_restrict is 2: where in the kernel a packet was dropped has no name',
    hint: 'sysctl kernel.kptr_restrict=1',
  };
}

function surroundings({ link }: HostFiles): Finding {
  const pids = link('/proc/self/ns/pid');
  if (pids === undefined) return { what: 'processes', state: 'unknown', detail: '/proc is not mounted' };
  if (pids === INITIAL_PID_NAMESPACE)
    return { what: 'processes', state: 'yes', detail: 'all of this machine are seen' };
  return {
    what: 'processes',
    state: 'no',
    detail:
      'a container with processes of its own: other namespaces are listed, but have no process and no name',
    hint: 'give it the host’s processes: docker run --pid=host, or hostPID: true',
  };
}
