import type { OutcomeKind } from '../../src/model/journey.ts';
import { outcomeShapes, SHAPE_BOX } from './shapes.ts';

/** How a journey ended, as shape and colour; what it means stands beside it in words. */
export function OutcomeMark({ kind }: { readonly kind: OutcomeKind }) {
  return (
    <svg class={`mark outcome-${kind}`} viewBox={`0 0 ${SHAPE_BOX} ${SHAPE_BOX}`} aria-hidden="true">
      <path d={outcomeShapes[kind]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
