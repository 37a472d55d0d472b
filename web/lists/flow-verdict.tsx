import { countsText, faultText, flowWay, isGood, stateText } from '../../src/words/flow-text.ts';
import { clearSelection, selectedFlow, selectJourney } from '../app/state.ts';

/** What came of the selected conversation, and where to look. */
export function FlowVerdict() {
  const flow = selectedFlow.value;
  if (flow === undefined) return null;
  const fault = faultText(flow);
  const { blame } = flow;
  return (
    <aside class="verdict" aria-label="The selected conversation">
      <p class="verdict-way">{flowWay(flow)}</p>
      <p>
        <span class={`state ${isGood(flow) ? `state-${flow.state}` : 'state-bad'}`}>{stateText(flow)}</span>
        {fault !== undefined && <span> {fault}</span>}
      </p>
      <p class="muted">{countsText(flow)}</p>
      <p class="verdict-acts">
        {blame !== undefined && (
          <button type="button" class="act" onClick={() => selectJourney(blame.journey, blame.hop)}>
            Look at packet #{blame.journey}
          </button>
        )}
        <button type="button" class="quiet" onClick={clearSelection}>
          Show all
        </button>
      </p>
    </aside>
  );
}
