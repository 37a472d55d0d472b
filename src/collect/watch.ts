import { type OwnConversation, ownCommand } from './own.ts';

/** What the kernel is asked to copy: bpf/lib/filter.h has the other side. */
export interface WatchRule {
  readonly proto: 'any' | 'tcp' | 'udp' | 'icmp';
  readonly a: WatchSide;
  readonly b: WatchSide;
}

export interface WatchSide {
  readonly any?: true;
  /** Addresses and CIDRs. */
  readonly ips?: readonly string[];
  /** Cookies of namespaces: everything seen in one is on this side. */
  readonly netns?: readonly string[];
}

/** As `enum nf_inet_hooks` numbers them. */
export const hookNames = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
export type HookName = (typeof hookNames)[number];

/** Netfilter links in a namespace, for one family. */
export interface HookPlace {
  readonly cookie: string;
  readonly family: 4 | 6;
  /** Absent: all. */
  readonly hooks?: readonly HookName[];
}

/** The lines that put these rules together in the collector; `apply` is the caller's. */
export function watchCommands(
  rules: readonly WatchRule[],
  tunnelPorts: readonly number[],
  hooks: readonly HookPlace[] = [],
  own: readonly OwnConversation[] = [],
): string[] {
  const lines = ['begin', ...tunnelPorts.map(port => `tunnel ${port}`), ...own.map(ownCommand)];
  for (const [n, rule] of rules.entries()) {
    lines.push(`rule ${n} ${rule.proto}`);
    lines.push(...sideCommands(n, 'a', rule.a), ...sideCommands(n, 'b', rule.b));
  }
  lines.push(...hooks.map(hookCommand));
  return lines;
}

function hookCommand({ cookie, family, hooks = hookNames }: HookPlace): string {
  const mask = hooks.reduce((bits, name) => bits | (1 << hookNames.indexOf(name)), 0);
  return `hooks ${cookie} ${family === 4 ? 2 : 10} ${mask}`;
}

function sideCommands(rule: number, name: 'a' | 'b', side: WatchSide): string[] {
  if (side.any === true) return [`side ${rule} ${name} any`];
  return [
    ...(side.ips ?? []).map(ip => `side ${rule} ${name} ${ip}`),
    ...(side.netns ?? []).map(cookie => `side ${rule} ${name} netns:${cookie}`),
  ];
}
