/** Which mechanism each tap got, and what is lost where it got none. docs/kernels.md has the same. */
import type { Mechanism } from '../../collect/mechanisms.ts';
import type { HelloFrame } from '../../model/event.ts';
import { tapCosts } from '../../words/tap-costs.ts';
import type { Finding } from './finding.ts';

/** What each is for; the first that a tap can have is used. */
const uses: Readonly<Record<string, string>> = {
  'ring buffer': 'the way to user space; without it there is nothing',
  tp_btf: 'the taps; without it there is nothing',
  'netfilter link': 'exact netfilter hooks',
  fentry: 'not used by any tap yet',
  fexit: 'not used by any tap yet',
  kprobe: 'not used by any tap yet',
};

export function mechanismFindings(mechanisms: readonly Mechanism[]): Finding[] {
  return mechanisms.map(({ name, state, reason }): Finding => {
    const use = uses[name] ?? 'not used by any tap';
    return { what: name, state, detail: reason === undefined ? use : `${use}; ${reason}` };
  });
}

/** Followable with the rest missing: without these no packet is seen anywhere. */
export const indispensable: readonly string[] = ['tap net_dev_queue', 'tap netif_receive_skb'];

export function tapFindings(hello: HelloFrame): Finding[] {
  const taps = hello.taps.map(
    (tap): Finding => ({
      what: `tap ${tap.name}`,
      state: tap.state === 'on' ? 'yes' : 'no',
      detail: tap.state === 'on' ? `by ${tap.mechanism}` : (tap.reason ?? tap.state),
      ...(tap.state === 'on' || tapCosts[tap.name] === undefined ? {} : { hint: tapCosts[tap.name]! }),
    }),
  );
  const isWalked = hello.inventory === 'bpf';
  const namespaces: Finding = {
    what: 'namespaces',
    state: 'yes',
    detail: isWalked ? 'listed by the kernel itself' : `listed from /proc (${hello.inventory})`,
  };
  const reasons = Object.keys(hello.dropReasons).length;
  const named: Finding = {
    what: 'drop reasons',
    state: reasons > 0 ? 'yes' : 'no',
    detail: `${reasons} named by this kernel`,
    ...(reasons > 0 ? {} : { hint: 'Linux 5.17 brings them' }),
  };
  return [...taps, namespaces, named];
}

/** Nothing could be attached: what each tap would have told is lost, and for the same reason. */
export function noTaps(reason: string, hint: string, state: 'no' | 'unknown'): Finding[] {
  return [{ what: 'taps', state, detail: reason, hint }];
}
