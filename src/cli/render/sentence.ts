/** One sentence a flow: what came of the conversation, and where to look. */
import type { Flow } from '../../model/flow.ts';
import { countsText, faultText, flowWay, isGood, stateText } from '../../words/flow-text.ts';
import { isLookedUp, type LookupFacts, lookupText } from '../../words/lookup-text.ts';
import type { Style } from './style.ts';

export function lookupSentence(lookup: LookupFacts, style: Style): string {
  return `${isLookedUp(lookup) ? style.good('✓') : style.bad('✗')} ${lookupText(lookup)}`;
}

export function flowSentence(flow: Flow, style: Style): string {
  const mark = isGood(flow) ? style.good('✓') : style.bad('✗');
  return `${mark} ${flowWay(flow)}: ${verdict(flow, style)}`;
}

function verdict(flow: Flow, style: Style): string {
  const state = stateText(flow);
  const fault = faultText(flow);
  const look = flow.blame === undefined ? '' : ` Look at #${flow.blame.journey}.`;
  if (fault === undefined) {
    const why = flow.blame === undefined ? '' : `. ${flow.blame.text}.${look}`;
    return `${flow.state === 'open' ? state : style.good(state)}, ${countsText(flow)}${why}`;
  }
  return `${style.bad(state)}${flow.state === 'unanswered' ? '.' : ':'} ${fault}.${look}`;
}
