/**
 * Which rule decided, in words: what kube-proxy's chains and comments say of services, what the chains of CNIs and Docker are for. Names of
 * chains are those that these programs give (kube-proxy 1.36, flannel 0.20, kindnet, the portmap plugin, Docker 28).
 */
import { choiceOf, serviceOf } from './kube-service.ts';
import type { Passed, Way } from './way.ts';

/** Undefined: nothing is known but the rule itself. */
export function wayWords(way: Way): string | undefined {
  const by = way.decidedBy;
  if (by === undefined) return undefined;
  const parts = [headOf(way, by), ...detailsOf(way)].filter(part => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function headOf(way: Way, by: Passed): string | undefined {
  if (by.verdict.kind === 'queue') return queueWords(way);
  if (by.verdict.kind === 'dnat') return serviceOf(way.passed)?.name ?? chainWords(by) ?? by.rule?.comment;
  if (by.rule === undefined) return `no rule took it: the policy of ${by.chain.name} is drop`;
  return commentWords(by.rule.comment) ?? chainWords(by) ?? by.rule.comment;
}

function queueWords({ queue }: Way): string {
  const number = queue === undefined || queue === '?' ? '' : `, queue ${queue}`;
  return `waits for a user-space verdict${number}`;
}

function detailsOf(way: Way): string[] {
  const { passed, decidedBy, unsure } = way;
  const details: string[] = [];
  const add = (text: string | undefined): void => {
    if (text !== undefined && !details.includes(text)) details.push(text);
  };
  if (decidedBy?.verdict.kind === 'dnat') {
    add(serviceOf(passed)?.entry);
    add(shareWords(way));
    if (serviceOf(passed)?.isLocal === true) add('only endpoints of this node (traffic policy Local)');
    if (unsure.some(text => /recent|affinity-/.test(text)))
      add(
        unsure.some(text => !text.startsWith('not: '))
          ? 'by session affinity (ClientIP)'
          : 'if session affinity did not choose it',
      );
  }
  if (isMarked(passed)) add('marked to be masqueraded');
  if (way.queue !== undefined && decidedBy?.verdict.kind !== 'queue')
    add(queueWords(way).replace('waits', 'waited'));
  return details;
}

/** How many endpoints there were to choose from, and how likely this one was. */
function shareWords(way: Way): string | undefined {
  const count = choiceOf(way.passed);
  if (count === undefined) return undefined;
  if (count === 1) return 'its only endpoint';
  const share = way.share < 1 ? `, p=${Number(way.share.toFixed(3))}` : '';
  return `1 of ${count} endpoints${share}`;
}

/** KUBE-MARK-MASQ, or what kube-proxy's nftables mode writes in its place. */
function isMarked(passed: readonly Passed[]): boolean {
  return passed.some(
    ({ chain, rule }) =>
      chain.name === 'KUBE-MARK-MASQ' ||
      chain.name === 'CNI-HOSTPORT-SETMARK' ||
      (chain.table.name === 'kube-proxy' && /^meta mark set .*\| /.test(rule?.text ?? '')),
  );
}

/** What kube-proxy says in its own words. */
function commentWords(comment: string | undefined): string | undefined {
  if (comment === undefined) return undefined;
  const without = /^(\S+) has no (local )?endpoints$/.exec(comment);
  if (without !== null)
    return `${without[1]} has no ${without[2] === undefined ? 'ready endpoints' : 'endpoints on this node (traffic policy Local)'}`;
  const range = /^(\S+) traffic not accepted by KUBE-FW-/.exec(comment);
  if (range !== null) return `${range[1]}: the sender is not in its loadBalancerSourceRanges`;
  return undefined;
}

const chains: readonly (readonly [name: RegExp, words: string])[] = [
  [
    /^KUBE-POSTROUTING$|^masquerading$/,
    'kube-proxy masquerades what was marked (0x4000), or comes back to its sender',
  ],
  [/^KUBE-FORWARD$/, 'kube-proxy drops what conntrack calls invalid'],
  [/^KUBE-FIREWALL$/, 'kubelet blocks packets to 127.0.0.0/8 from elsewhere'],
  [/^cluster-ips-check$/, 'the service has no such port, or nothing has this address'],
  [/^reject-chain$/, 'the service has no ready endpoints'],
  [/^firewall-/, 'the sender is not in loadBalancerSourceRanges'],
  [/^FLANNEL-POSTRTG$/, 'flannel masquerades what leaves the pod network'],
  [/^FLANNEL-FWD$/, "flannel's forward rules"],
  [/^CNI-HOSTPORT-MASQ$/, 'the CNI masquerades hostPort traffic'],
  [/^CNI-(HOSTPORT-DNAT|DN)/, 'a hostPort of a pod'],
  [/^CNI-/, 'the CNI masquerades what leaves the pod network'],
  [/^KIND-MASQ-AGENT$/, 'kindnet masquerades what leaves the pod network'],
  [/^DOCKER/, "Docker's rules"],
];

function chainWords({ chain, verdict }: Passed): string | undefined {
  const found = chains.find(([name]) => name.test(chain.name));
  if (found !== undefined) return found[1];
  return verdict.kind === 'masquerade' && chain.name === 'POSTROUTING'
    ? 'masquerade of this node'
    : undefined;
}
