import type { Change } from '../../../src/model/journey.ts';
import { causeText, isRewrite } from '../../../src/words/change-text.ts';
import { changeShapes } from '../../app/shapes.ts';
import { changeKind } from '../../topology/marks.ts';
import { Shape } from './shape.tsx';

const fieldWords: Readonly<Record<Change['field'], string>> = {
  src: 'source',
  dst: 'destination',
  ttl: 'TTL',
  mac: 'frame',
  vlan: 'VLAN',
  encap: 'wrapping',
  mark: 'mark',
  dscp: 'DSCP',
  length: 'length',
};

/** Rewrites with both values and who did it; the rest only where somebody looks closer. */
export function Changes({ changes, isWhole }: { changes: readonly Change[]; isWhole: boolean }) {
  const shown = isWhole ? changes : changes.filter(isRewrite);
  if (shown.length === 0) return undefined;
  return (
    <dl class="story-changes">
      {shown.map(change => (
        <ChangeRow key={change.field} change={change} />
      ))}
    </dl>
  );
}

function ChangeRow({ change }: { change: Change }) {
  const { field, from, to } = change;
  const kind = changeKind(change);
  return (
    <div
      class={isRewrite(change) ? 'story-change is-rewrite' : 'story-change'}
      style={`--mark: var(--change-${kind})`}
    >
      <dt>
        {isRewrite(change) ? <Shape path={changeShapes[kind]} colour={`--change-${kind}`} /> : undefined}
        {fieldWords[field]}
      </dt>
      <dd>
        {from === undefined ? <i>none</i> : <s>{from.replace('→', ' → ')}</s>}
        <span class="story-arrow"> → </span>
        {to === undefined ? <i>none</i> : <b>{to.replace('→', ' → ')}</b>}
        {isRewrite(change) ? <span class="story-by">{causeText(change)}</span> : undefined}
      </dd>
    </div>
  );
}
