/** `tracer doctor`: what this host allows, which mechanism each tap uses, what is missing, what that costs, how to get it. */
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { Command, Option } from 'commander';
import { TracerError } from '../base/errors.ts';
import { Collector, collectorProgram } from '../collect/collector.ts';
import { listLabs } from '../lab/status.ts';
import type { HelloFrame } from '../model/event.ts';
import { clusterFindings } from './doctor-clusters.ts';
import { kubeOptions } from './kube-options.ts';
import { kubeconfigOption } from './render/options.ts';

export interface Finding {
  readonly what: string;
  readonly state: 'yes' | 'no' | 'unknown';
  readonly detail: string;
  /** What its lack costs, or how to get it. */
  readonly hint?: string;
}

/** Without these there is no collector. */
const needed = ['root', 'btf', 'collector', 'taps'];

interface Asked {
  readonly output: string;
  readonly kube?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('what this host allows, and what is missing')
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['text', 'json']).default('text'))
    .option('--kube', 'also the Kubernetes cluster: who answers, and which of its nodes and pods are here')
    .addOption(kubeconfigOption())
    .option('--context <CLUSTER>', 'of the kubeconfig; the current one otherwise')
    .action(async ({ output, kube, kubeconfig, context }: Asked) => {
      const findings = await examine();
      if (kube === true || kubeconfig !== undefined || context !== undefined) {
        const canCollect = !findings.some(({ what, state }) => state === 'no' && needed.includes(what));
        const asked = kubeOptions({ cluster: context, kubeconfig });
        findings.push(...(await clusterFindings(asked, canCollect)));
      }
      if (output === 'json') process.stdout.write(`${JSON.stringify({ kernel: release(), findings })}\n`);
      else print(findings);
      process.exitCode = findings.some(finding => finding.state === 'no' && !isExtra(finding)) ? 1 : 0;
    });
}

/** What can be done without, unless it was asked for. */
const isExtra = ({ what }: Finding): boolean => what === 'lab';

async function examine(): Promise<Finding[]> {
  const isRoot = process.getuid?.() === 0;
  const findings: Finding[] = [
    {
      what: 'root',
      state: isRoot ? 'yes' : 'no',
      detail: isRoot ? 'running as root' : 'not root',
      ...(isRoot ? {} : { hint: 'run it with sudo' }),
    },
    btf(),
    built(),
  ];
  if (findings.some(finding => finding.state === 'no')) return findings;
  try {
    const { collector, hello } = await Collector.start({ onFrame: () => {}, onDied: () => {} });
    await collector.stop();
    findings.push(...tapFindings(hello));
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    findings.push({ what: 'taps', state: 'no', detail: error.message, hint: error.hint });
  }
  const labs = listLabs();
  findings.push({
    what: 'lab',
    state: labs.length > 0 ? 'yes' : 'no',
    detail:
      labs.length > 0 ? labs.map(lab => `${lab.name} (${lab.kind})`).join(', ') : 'no practice cluster is up',
    hint: 'tracer lab up',
  });
  return findings;
}

function btf(): Finding {
  const has = existsSync('/sys/kernel/btf/vmlinux');
  return {
    what: 'btf',
    state: has ? 'yes' : 'no',
    detail: `kernel ${release()} ${has ? 'describes its types' : 'does not describe its types'}`,
    ...(has
      ? {}
      : {
          hint: 'tracer needs a kernel with CONFIG_DEBUG_INFO_BTF=y (distributions have it since about 2020)',
        }),
  };
}

function built(): Finding {
  const has = existsSync(collectorProgram());
  return {
    what: 'collector',
    state: has ? 'yes' : 'no',
    detail: has ? 'built' : 'not built',
    ...(has ? {} : { hint: 'npm run setup' }),
  };
}

const costs: Readonly<Record<string, string>> = {
  net_dev_queue: 'no packet is seen leaving a device',
  netif_receive_skb: 'no packet is seen arriving',
  kfree_skb: 'drops are not seen: a dropped packet just ends',
  consume_skb: 'ordinary ends are not seen: journeys close a little later',
  net_dev_start_xmit: 'segments of a super-packet that software cuts are first seen at the next device',
  skb_copy_datagram_iovec: 'a packet is seen to reach the stack, not the process',
  napi_gro_receive_entry: 'packets that GRO merges seem to vanish',
  napi_gro_receive_exit: 'packets that GRO merges seem to vanish',
  neigh_event_send_done: 'a packet that waits for ARP is shown as open, for a reason not known',
  netfilter_hook: 'hooks are not seen one by one: rewrites are inferred between devices, drops have no hook',
  tcp_retransmit_skb: 'a retransmission that begins at another byte is not known as one',
  tcp_send_reset: 'why the kernel sends a RST is not told',
  sk_data_ready: 'that a packet waits in a socket unread is inferred from its silence',
  inet_sock_set_state: 'the process of a connection is not known at its SYN',
};

function tapFindings(hello: HelloFrame): Finding[] {
  const taps = hello.taps.map(
    (tap): Finding => ({
      what: `tap ${tap.name}`,
      state: tap.state === 'on' ? 'yes' : 'no',
      detail: tap.state === 'on' ? `by ${tap.mechanism}` : (tap.reason ?? tap.state),
      ...(tap.state === 'on' || costs[tap.name] === undefined ? {} : { hint: costs[tap.name]! }),
    }),
  );
  const walk: Finding = {
    what: 'namespaces',
    state: 'yes',
    detail:
      hello.inventory === 'bpf' ? 'listed by the kernel itself' : `listed from /proc (${hello.inventory})`,
  };
  const reasons = Object.keys(hello.dropReasons).length;
  const named: Finding = {
    what: 'drop reasons',
    state: reasons > 0 ? 'yes' : 'no',
    detail: `${reasons} named by this kernel`,
  };
  return [...taps, walk, named];
}

function print(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(finding => finding.what.length));
  for (const { what, state, detail, hint } of findings) {
    const mark = state === 'yes' ? '✓' : state === 'no' ? '✗' : '?';
    process.stdout.write(
      `${mark} ${what.padEnd(width)}  ${detail}${state === 'no' && hint !== undefined ? `\n  ${' '.repeat(width)}  ${hint}` : ''}\n`,
    );
  }
}
