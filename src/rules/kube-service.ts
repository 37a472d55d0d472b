/** What the chains that a packet went through tell of the service that it asked. */
import type { Passed } from './way.ts';

export interface ServiceWay {
  /** "default/nginx-service:http" */
  readonly name: string;
  /** Other than by its cluster address. */
  readonly entry?: string;
  readonly isLocal: boolean;
}

export function serviceOf(passed: readonly Passed[]): ServiceWay | undefined {
  const name = iptablesName(passed) ?? nftablesName(passed);
  if (name === undefined) return undefined;
  const entry = entryOf(passed);
  const isLocal = passed.some(
    ({ chain }) => chain.name.startsWith('KUBE-SVL-') || chain.name.startsWith('local-'),
  );
  return { name, isLocal, ...(entry === undefined ? {} : { entry }) };
}

/** The rule that translates bears the name alone; the one that chose has " -> ENDPOINT" behind it. */
function iptablesName(passed: readonly Passed[]): string | undefined {
  const last = passed.findLast(({ chain }) => chain.name.startsWith('KUBE-SEP-'));
  return last?.rule?.comment;
}

/** "service-PIOJ4VP5-default/nginx-service/tcp/http"; without a port's name its last part is empty or missing. */
function nftablesName(passed: readonly Passed[]): string | undefined {
  for (const { chain } of passed.toReversed()) {
    if (chain.table.name !== 'kube-proxy') continue;
    const match = /^(?:service|local|external|endpoint)-\w{8}-([^/]+\/[^/]+)\/\w+\/([^_]*)/.exec(chain.name);
    if (match !== null) return match[2] === '' ? match[1] : `${match[1]}:${match[2]}`;
  }
  return undefined;
}

function entryOf(passed: readonly Passed[]): string | undefined {
  const has = (name: string): boolean => passed.some(({ chain }) => chain.name === name);
  const comment = passed.find(({ chain }) => chain.name === 'KUBE-SERVICES')?.rule?.comment ?? '';
  if (has('KUBE-NODEPORTS')) return 'asked by its node port';
  if (comment.endsWith(' loadbalancer IP')) return 'asked by its load balancer address';
  if (comment.endsWith(' external IP')) return 'asked by an external address';
  const byPort = passed.some(
    ({ chain, rule }) =>
      chain.table.name === 'kube-proxy' && rule?.text.endsWith('@service-nodeports') === true,
  );
  if (byPort) return 'asked by its node port';
  return passed.some(({ chain }) => chain.name.startsWith('external-'))
    ? 'asked from outside the cluster'
    : undefined;
}

/** Among how many endpoints one was chosen; undefined: that cannot be seen. */
export function choiceOf(passed: readonly Passed[]): number | undefined {
  const chose = passed.findLast(({ chain }) => /^KUBE-SV[CL]-/.test(chain.name));
  if (chose !== undefined) {
    const chosen = new Set(
      chose.chain.rules.flatMap(({ steps }) =>
        steps.flatMap(step =>
          step.kind === 'verdict' && step.verdict.kind === 'jump' ? [step.verdict.chain] : [],
        ),
      ),
    );
    return [...chosen].filter(name => name.startsWith('KUBE-SEP-')).length;
  }
  for (const { chain, rule } of passed.toReversed()) {
    if (chain.table.name !== 'kube-proxy') continue;
    for (const step of rule?.steps ?? []) {
      if (step.kind === 'any-verdict') return step.verdicts.length;
      if (step.kind === 'nat' && chain.name.startsWith('service-')) return step.targets.length;
    }
  }
  return /^KUBE-SEP-/.test(passed.at(-1)?.chain.name ?? '') ? 1 : undefined;
}
