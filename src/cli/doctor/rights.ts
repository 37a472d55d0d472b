/** What the collector may do, and the line that lets it without root. packaging/tracer.service gives the same to a service. */
import type { Finding } from './finding.ts';

interface Right {
  readonly name: string;
  readonly bit: number;
  readonly use: string;
}

/** Numbers of include/uapi/linux/capability.h. */
const rights: readonly Right[] = [
  { name: 'cap_bpf', bit: 39, use: 'loads eBPF programs' },
  { name: 'cap_perfmon', bit: 38, use: 'lets them read kernel memory' },
  { name: 'cap_net_admin', bit: 12, use: 'attaches to netfilter hooks, lists routes' },
  { name: 'cap_sys_admin', bit: 21, use: 'enters namespaces, to read their devices' },
  { name: 'cap_sys_ptrace', bit: 19, use: 'finds the namespaces of other users’ processes' },
  { name: 'cap_dac_read_search', bit: 2, use: 'reads what container runtimes keep to themselves' },
  { name: 'cap_syslog', bit: 34, use: 'names kernel functions' },
];

/** `capabilities` undefined: the collector could not say. */
export function rightsFinding(capabilities: bigint | undefined, program: string): Finding {
  if (capabilities === undefined)
    return { what: 'rights', state: 'unknown', detail: 'the collector did not say what it may do' };
  const missing = rights.filter(({ bit }) => (capabilities >> BigInt(bit)) % 2n === 0n);
  if (missing.length === 0)
    return { what: 'rights', state: 'yes', detail: 'the collector has the capabilities that it needs' };
  const all = rights.map(({ name }) => name).join(',');
  const lacks =
    missing.length === rights.length
      ? 'the collector has none of the capabilities that it needs'
      : `the collector lacks ${missing.map(({ name, use }) => `${name} (${use})`).join(', ')}`;
  return {
    what: 'rights',
    state: 'no',
    detail: lacks,
    hint: `run it with sudo, or: sudo setcap ${all}+ep ${program} (whoever may run that file then sees everybody’s packets)`,
  };
}
