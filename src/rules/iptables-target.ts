/** The target of an iptables rule, with its options → steps. */
import type { NatKind, NatTarget, Step, Verdict } from './ruleset.ts';

const plain: Readonly<Record<string, Verdict>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'reject' },
  RETURN: { kind: 'return' },
};

/** Targets behind which the packet goes on to the next rule, and nothing that a rule looks at is another. */
const harmless = new Set([
  ...['LOG', 'NFLOG', 'ULOG', 'TRACE', 'CT', 'NOTRACK', 'TCPMSS', 'CLASSIFY', 'CHECKSUM', 'AUDIT', 'SET'],
  ...[
    'TTL',
    'HL',
    'DSCP',
    'TOS',
    'RATEEST',
    'SECMARK',
    'CONNSECMARK',
    'LED',
    'IDLETIMER',
    'TEE',
    'ECN',
    'TCPOPTSTRIP',
  ],
]);

const nats: Readonly<Record<string, NatKind>> = {
  DNAT: 'dnat',
  SNAT: 'snat',
  MASQUERADE: 'masquerade',
  REDIRECT: 'redirect',
};

export function targetSteps(isGoto: boolean, target: string, options: readonly string[]): Step[] {
  const verdict = (to: Verdict): Step[] => [{ kind: 'verdict', verdict: to }];
  if (Object.hasOwn(plain, target)) return verdict(plain[target]!);
  if (Object.hasOwn(nats, target)) return [natStep(nats[target]!, options)];
  if (target === 'MARK') return [markStep(options)];
  if (target === 'CONNMARK') return options[0] === '--restore-mark' ? [{ kind: 'mark' }] : [];
  if (target === 'NFQUEUE') return verdict(queueOf(options));
  if (harmless.has(target) || target === '') return [];
  // Extensions are written in capitals and have options; chains may be, too, and have none.
  if (options.length > 0) return verdict({ kind: 'unknown', what: `-j ${[target, ...options].join(' ')}` });
  return verdict({ kind: isGoto ? 'goto' : 'jump', chain: target });
}

function optionOf(options: readonly string[], name: string): string | undefined {
  const at = options.indexOf(name);
  return at < 0 ? undefined : options[at + 1];
}

function natStep(nat: NatKind, options: readonly string[]): Step {
  const address = optionOf(options, nat === 'snat' ? '--to-source' : '--to-destination');
  const ports = optionOf(options, '--to-ports');
  if (nat === 'dnat' || nat === 'snat')
    return { kind: 'nat', nat, targets: address === undefined ? [] : [targetOf(address)] };
  return { kind: 'nat', nat, targets: ports === undefined ? [{}] : [targetOf(`:${ports}`)] };
}

/** "10.0.0.1", "10.0.0.1-10.0.0.9:80-90", "[fd00::1]:80", ":80" */
export function targetOf(text: string): NatTarget {
  const match = /^(?:\[([^\]]*)\]|([^[\]]*?))?(?::(\d+)(?:-(\d+))?(?:\/\d+)?)?$/.exec(text);
  const isPlainSix = (text.match(/:/g) ?? []).length > 1 && !text.startsWith('[');
  if (match === null || isPlainSix) return { ips: rangeOf(text) };
  const ip = match[1] ?? match[2] ?? '';
  const port = match[3];
  return {
    ...(ip === '' ? {} : { ips: rangeOf(ip) }),
    ...(port === undefined ? {} : { ports: [Number(port), Number(match[4] ?? port)] as const }),
  };
}

function rangeOf(text: string): readonly [string, string] {
  const [first = text, last] = text.split('-');
  return [first, last ?? first];
}

/** Every form is saved as --set-xmark VALUE/MASK: mark = (mark & ~MASK) ^ VALUE. */
function markStep(options: readonly string[]): Step {
  const [value = '', mask = '0xffffffff'] = (optionOf(options, '--set-xmark') ?? '').split('/');
  if (value === '' || !Number.isInteger(Number(value)) || !Number.isInteger(Number(mask)))
    return { kind: 'mark' };
  return { kind: 'mark', keep: ~Number(mask) >>> 0, flip: Number(value) >>> 0 };
}

function queueOf(options: readonly string[]): Verdict {
  const queue = optionOf(options, '--queue-num') ?? optionOf(options, '--queue-balance') ?? '0';
  return { kind: 'queue', queue, bypass: options.includes('--queue-bypass') };
}
