/** Makes and removes the lab's network namespaces and fills them from their setups. */
import { existsSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { netnsPath, run, runIn } from './commands.ts';
import { netnsPrefix } from './dataplane/plan.ts';
import type { NetnsSetup } from './dataplane/setup.ts';
import { labDir } from './state.ts';

const netnsDir = '/run/netns';

/** Namespaces that bear a lab's prefix, made by `up` or by a scenario. */
export function labNamespaces(lab: string): string[] {
  try {
    return readdirSync(netnsDir).filter(name => name.startsWith(netnsPrefix(lab)));
  } catch {
    return [];
  }
}

export async function makeNamespaces(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const input = lines(names.map(name => `netns add ${name}`));
  await run('ip', ['-batch', '-'], { what: 'making network namespaces', input });
}

/** Their links, rules and routes go with them. Those that are not there are passed over. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  const present = names.filter(name => existsSync(netnsPath(name)));
  if (present.length === 0) return;
  const input = lines(present.map(name => `netns del ${name}`));
  await run('ip', ['-batch', '-'], { what: 'removing network namespaces', input });
}

/** `ip netns add` makes this folder and mounts it on itself. Whether that was for this lab is remembered with the lab. */
export function noteNetnsDir(lab: string): void {
  if (!existsSync(netnsDir)) writeFileSync(join(labDir(lab), 'made-netns-dir'), '');
}

/** Only if nobody else has put a namespace there meanwhile: umount refuses while it is busy, rmdir while it is not empty. */
export async function removeNetnsDir(lab: string): Promise<void> {
  if (!existsSync(join(labDir(lab), 'made-netns-dir'))) return;
  try {
    if (readdirSync(netnsDir).length > 0) return;
    await run('umount', ['-n', netnsDir], { what: 'removing /run/netns' });
    rmdirSync(netnsDir);
  } catch {} // In use, which is no harm.
}

/** Fills the namespaces, stage by stage, those of one stage at the same time. */
export async function applySetups(setups: readonly NetnsSetup[], ipv6: boolean): Promise<void> {
  await Promise.all(
    setups.map(({ netns, sysctls }) =>
      runIn(netns, ['sysctl', '-q', '-w', ...sysctls], { what: `settings of ${netns}` }),
    ),
  );
  const stages = [...new Set(setups.map(setup => setup.stage))].sort();
  for (const stage of stages) {
    await Promise.all(setups.filter(setup => setup.stage === stage).map(setup => applyLinks(setup, ipv6)));
  }
  await Promise.all(setups.map(setup => applyRules(setup, ipv6)));
}

async function applyLinks({ netns, ip, ip6, fdb = [] }: NetnsSetup, ipv6: boolean): Promise<void> {
  const input = lines(ipv6 ? [...ip, ...ip6] : ip);
  await run('ip', ['-n', netns, '-batch', '-'], { what: `links of ${netns}`, input });
  if (fdb.length > 0)
    await run('bridge', ['-n', netns, '-batch', '-'], {
      what: `forwarding entries of ${netns}`,
      input: lines(fdb),
    });
}

async function applyRules({ netns, rules, rules6 }: NetnsSetup, ipv6: boolean): Promise<void> {
  const restore = async (tool: string, input: string) => {
    if (input !== '') await runIn(netns, [tool, '-w', '5'], { what: `rules of ${netns}`, input });
  };
  await restore('iptables-restore', rules);
  if (ipv6) await restore('ip6tables-restore', rules6);
}

function lines(of: readonly string[]): string {
  return `${of.join('\n')}\n`;
}
