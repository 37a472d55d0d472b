import { hopStory } from '../explain/hop-text.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Names } from '../inventory/names.ts';
import type { Hop } from '../model/journey.ts';
import type { ResolverOptions } from '../resolve/resolver.ts';
import { perhaps, ruleChains } from '../words/rule-text.ts';
import type { HostPlaces } from './places.ts';
import type { RuleBook } from './rule-book.ts';
import { type RuleAnswer, ruleOfHop } from './rule-of-hop.ts';

/** The words of hops, from what the inventory had at their time, and the rule that decided. */
export function explaining(
  inventory: Inventory,
  names: Names,
  places: HostPlaces,
  book: RuleBook,
): ResolverOptions['explain'] {
  return (hops, index, timeNs, dropHook) => {
    const netns = Number(hops[index]!.netns.cookie);
    const view = inventory.viewAt(netns, timeNs);
    const story = hopStory(hops, index, {
      label: places.netns(netns, timeNs).label,
      view,
      who: (ip, port, proto) => names.endpointOf(ip, port, proto, netns, timeNs),
    });
    const answer = ruleOfHop(hops, index, timeNs, view, book, dropHook);
    return answer === undefined ? story : withRule(story, answer);
  };
}

function withRule(
  story: Pick<Hop, 'text' | 'command'>,
  { rule, isUnexplained }: RuleAnswer,
): Pick<Hop, 'text' | 'command' | 'rule'> {
  if (isUnexplained === true)
    return { ...story, text: `${story.text}; no rule that was read here leads to this` };
  if (rule === undefined) return story;
  const words = rule.words === undefined ? '' : `: ${rule.words}`;
  return {
    ...story,
    text: `${story.text}; ${perhaps(rule)}by the rule in ${ruleChains(rule)}${words}`,
    rule,
  };
}
