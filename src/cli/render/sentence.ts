/** One sentence a flow: what came of the conversation, and where to look. */
import type { Flow } from '../../model/flow.ts';
import type { Style } from './style.ts';
import { duration } from './times.ts';
import { counted, endpointText } from './words.ts';

export function flowSentence(flow: Flow, style: Style): string {
  const way = [flow.from, flow.to, ...(flow.backend === undefined ? [] : [flow.backend])]
    .map(end => endpointText(end))
    .join(' → ');
  const mark = isGood(flow) ? style.good('✓') : style.bad('✗');
  return `${mark} ${way}: ${verdict(flow, style)}`;
}

export function isGood(flow: Flow): boolean {
  return flow.state === 'answered' || flow.state === 'closed' || flow.state === 'open';
}

function verdict(flow: Flow, style: Style): string {
  const look = flow.blame === undefined ? '' : ` Look at #${flow.blame.journey}.`;
  switch (flow.state) {
    case 'answered':
    case 'closed':
      return style.good(flow.state) + counts(flow);
    case 'open':
      return `open${counts(flow)}`;
    case 'unanswered':
      return `${style.bad('no answer')}. ${flow.blame?.text ?? 'nothing came back'}.${look}`;
    case 'refused':
      return `${style.bad('refused')}: ${flow.blame?.text ?? 'by whom is not known'}.${look}`;
    case 'reset':
      return `${style.bad('reset')}: ${flow.blame?.text ?? 'by whom is not known'}.${look}`;
    case 'dropped':
      return `${style.bad('dropped')}: ${flow.blame?.text ?? 'where is not known'}.${look}`;
  }
}

function counts(flow: Flow): string {
  const { request, reply, related } = flow.packets;
  const latency = flow.latencyNs === undefined ? '' : `, p50 ${duration(flow.latencyNs.p50)} a packet`;
  const again = flow.retransmits === 0 ? '' : `, ${flow.retransmits} retransmitted`;
  const dropped = flow.dropped === 0 ? '' : `, ${flow.dropped} dropped`;
  const errors = related === 0 ? '' : `, ${counted(related, 'ICMP error')}`;
  return `, ${counted(request, 'packet')} out, ${reply} back${errors}${again}${dropped}${latency}`;
}
