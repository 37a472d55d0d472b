/** `nft monitor trace` as text → what each packet met at each hook: chains, rules that matched, their verdicts, in the kernel's order. */
import type { HookName } from '../../src/rules/ruleset.ts';

export interface Met {
  readonly table: string;
  readonly chain: string;
  /** "jump KUBE-SERVICES", "accept"; of a policy "policy accept". */
  readonly verdict: string;
}

export interface HookVisit {
  readonly id: string;
  readonly hook: HookName;
  readonly packet: TracedPacket;
  readonly met: readonly Met[];
}

export interface TracedPacket {
  readonly family: 4 | 6;
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly isSyn: boolean;
  /** Tells packets apart, on their way through several hooks. */
  readonly key: string;
}

const LINE =
  /^trace id (\w+) (\w+) (\S+) (\S+) (?:packet: (.*)|rule .*\(verdict (.*)\)|(policy \w+).*|verdict (\w+).*)\s*$/;

interface Open {
  id: string;
  hook: HookName;
  packet: TracedPacket;
  met: Met[];
}

/** `own`: tables of the tracing itself. `hookOf`: which hook a base chain hangs in. */
export function ruleVisits(
  text: string,
  hookOf: (table: string, chain: string) => HookName | undefined,
  own: ReadonlySet<string>,
): HookVisit[] {
  const visits: HookVisit[] = [];
  const open = new Map<string, Open>();
  for (const line of text.split('\n')) {
    const [, id, family, name, chain, words, verdict, policy, only] = LINE.exec(line) ?? [];
    if (id === undefined || name === undefined || chain === undefined || own.has(name)) continue;
    const table = `${family} ${name}`;
    if (words !== undefined) {
      const hook = hookOf(table, chain);
      const before = open.get(id);
      const packet = tracedPacket(words);
      if (hook === undefined) continue;
      if (before?.hook === hook && before.packet.key === packet.key) continue;
      const visit: Open = { id, hook, packet, met: [] };
      visits.push(visit);
      open.set(id, visit);
      continue;
    }
    open.get(id)?.met.push({ table, chain, verdict: verdict ?? policy ?? only ?? '?' });
  }
  return visits;
}

function tracedPacket(words: string): TracedPacket {
  const word = (name: string): string | undefined => new RegExp(`(?:^| )${name} "?([^" ]+)`).exec(words)?.[1];
  const family = words.includes(' ip6 saddr') ? 6 : 4;
  const ip = family === 6 ? 'ip6' : 'ip';
  const proto = ['tcp', 'udp', 'icmpv6', 'icmp'].find(each => words.includes(` ${each} `)) ?? '?';
  const port = (side: string): number | undefined => {
    const text = word(`${proto} ${side}`);
    return text === undefined ? undefined : Number(text);
  };
  const [sport, dport, iif, oif] = [port('sport'), port('dport'), word('iif'), word('oif')];
  return {
    family,
    proto,
    src: word(`${ip} saddr`) ?? '',
    dst: word(`${ip} daddr`) ?? '',
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(iif === undefined ? {} : { iif }),
    ...(oif === undefined ? {} : { oif }),
    isSyn: /tcp flags == (syn|0x0?2)\b/.test(words),
    key: `${word('ip id') ?? word('ip6 flowlabel')} ${word(`${ip} length`)} ${sport}`,
  };
}
