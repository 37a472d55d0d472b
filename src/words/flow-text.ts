/** What came of a conversation, in words. */
import type { Flow } from '../model/flow.ts';
import { counted } from './counts.ts';
import { endpointText } from './endpoints.ts';
import { duration } from './times.ts';

/** pod-a:41002 → nginx-service:80 → nginx-2:8080 */
export function flowWay({ from, to, backend }: Pick<Flow, 'from' | 'to' | 'backend'>): string {
  return [from, to, ...(backend === undefined ? [] : [backend])].map(end => endpointText(end)).join(' → ');
}

export function isGood({ state }: Pick<Flow, 'state'>): boolean {
  return state === 'answered' || state === 'closed' || state === 'open';
}

export function stateText({ state }: Pick<Flow, 'state'>): string {
  return state === 'unanswered' ? 'no answer' : state;
}

/** Why it is not good, as far as that is known. Undefined: it is good. */
export function faultText(flow: Pick<Flow, 'state' | 'blame'>): string | undefined {
  if (isGood(flow)) return undefined;
  return flow.blame?.text ?? unknownFault[flow.state];
}

const unknownFault: Partial<Record<Flow['state'], string>> = {
  unanswered: 'nothing came back',
  refused: 'by whom is not known',
  reset: 'by whom is not known',
  dropped: 'where is not known',
};

/** 6 packets out, 4 back, 2 retransmitted, p50 52.0 µs a packet */
export function countsText(flow: Flow): string {
  const { request, reply, related } = flow.packets;
  const latency = flow.latencyNs === undefined ? '' : `, p50 ${duration(flow.latencyNs.p50)} a packet`;
  const again = flow.retransmits === 0 ? '' : `, ${flow.retransmits} retransmitted`;
  const dropped = flow.dropped === 0 ? '' : `, ${flow.dropped} dropped`;
  const errors = related === 0 ? '' : `, ${counted(related, 'ICMP error')}`;
  return `${counted(request, 'packet')} out, ${reply} back${errors}${again}${dropped}${latency}`;
}
