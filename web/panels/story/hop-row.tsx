import type { Hop } from '../../../src/model/journey.ts';
import { rewriteText } from '../../../src/words/change-text.ts';
import { duration } from '../../../src/words/times.ts';
import { outcomeShapes } from '../../app/shapes.ts';
import { type Cause, causesOf, ruleCause } from './causes.ts';
import { Changes } from './changes.tsx';
import type { Step } from './chapters.ts';
import { Command } from './command.tsx';
import { Shape } from './shape.tsx';

interface Props {
  readonly step: Step;
  readonly offset: (ns: number) => string;
  readonly isSelected: boolean;
  /** With all that is known of it. */
  readonly isOpen: boolean;
  readonly onSelect: (index: number) => void;
}

const hooks: ReadonlySet<Hop['stage']> = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/** Device and hook, as Linux calls them. */
export function whereText({ dev, layer, stage }: Hop): string {
  if (layer === 'netfilter' && hooks.has(stage)) return stage.toUpperCase();
  return dev ?? (layer === 'route' ? 'routing' : layer);
}

/** What was rewritten into what stands below the text, in columns. */
function whyText({ text, changes }: Hop): string {
  const rewrite = rewriteText(changes);
  return rewrite !== undefined && text.startsWith(`${rewrite}: `) ? text.slice(rewrite.length + 2) : text;
}

export function HopRow({ step, offset, isSelected, isOpen, onSelect }: Props) {
  const { hop, sinceNs, isSlowest, rule } = step;
  const { index, changes, command, layer, inferred } = hop;
  return (
    <li
      class={layer === 'drop' ? 'story-hop is-drop' : 'story-hop'}
      data-hop={index}
      aria-current={isSelected ? 'step' : undefined}
    >
      <button
        type="button"
        class="story-line"
        tabIndex={isSelected ? 0 : -1}
        aria-expanded={isOpen}
        onClick={() => onSelect(index)}
      >
        <span class="story-times">
          <span class="story-offset">{offset(hop.offsetNs)}</span>
          {sinceNs === undefined ? undefined : (
            <span class={isSlowest ? 'story-since is-slowest' : 'story-since'}>
              +{duration(sinceNs)}
              {isSlowest ? <span class="story-longest"> longest</span> : undefined}
            </span>
          )}
        </span>
        <span class="story-what">
          <span class="story-where">{whereText(hop)}</span>
          {layer === 'drop' ? <Shape path={outcomeShapes.dropped} colour="--outcome-dropped" /> : undefined}
          {inferred === true ? (
            <abbr title="no event shows it: it must have happened for the packet to look as it does next">
              ~{' '}
            </abbr>
          ) : undefined}
          {whyText(hop)}
        </span>
      </button>
      <Changes changes={changes} isWhole={isOpen} />
      <Causes causes={isOpen ? causesOf(hop, rule) : rule === undefined ? [] : [ruleCause(rule)]} />
      {isOpen && command !== undefined ? <Command text={command} /> : undefined}
    </li>
  );
}

function Causes({ causes }: { causes: readonly Cause[] }) {
  if (causes.length === 0) return undefined;
  return (
    <dl class="story-causes">
      {causes.map(({ what, text, note }) => (
        <div key={`${what} ${text}`}>
          <dt>{what}</dt>
          <dd>
            {text}
            {note === undefined ? undefined : <small class="story-cause-note"> {note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
