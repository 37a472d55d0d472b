/** What one namespace needs, as text for the tools that apply it. Pure data: nothing here runs anything. */
export interface NetnsSetup {
  readonly netns: string;
  /** Namespaces of a lower stage are ready before: a veth pair is made by its end of the lower stage. */
  readonly stage: number;
  /** `name=value`, applied before any link is made, so that new links inherit the defaults. */
  readonly sysctls: readonly string[];
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[];
  /** The same, left out where the kernel has no IPv6. */
  readonly ip6: readonly string[];
  /** Lines for `bridge -batch`, after the links. */
  readonly fdb?: readonly string[];
  /** Text for `iptables-restore` and `ip6tables-restore`; empty = no rules at all, so that nothing turns on conntrack. */
  readonly rules: string;
  readonly rules6: string;
}

export interface SysctlChoice {
  readonly forward: boolean;
  readonly rpFilter: 0 | 1;
}

/**
 * A new namespace copies some IPv4 settings from the machine's own (inet_init_net() with devconf_inherit_init_net=0
 * copies init_net's), so everything that matters is set, whatever the machine has.
 */
export function sysctls({ forward, rpFilter }: SysctlChoice, ipv6: boolean): string[] {
  const on = forward ? 1 : 0;
  const lines = [
    `net.ipv4.ip_forward=${on}`,
    `net.ipv4.conf.all.rp_filter=${rpFilter}`,
    `net.ipv4.conf.default.rp_filter=${rpFilter}`,
  ];
  if (!ipv6) return lines;
  for (const scope of ['all', 'default']) {
    // Without duplicate address detection an address works at once; without router solicitations nothing is sent unasked.
    lines.push(
      `net.ipv6.conf.${scope}.disable_ipv6=0`,
      `net.ipv6.conf.${scope}.accept_dad=0`,
      `net.ipv6.conf.${scope}.accept_ra=0`,
    );
    if (forward) lines.push(`net.ipv6.conf.${scope}.forwarding=1`);
  }
  return lines;
}
