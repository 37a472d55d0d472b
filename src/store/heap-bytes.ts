/**
 * What hops and ends take on the heap of a 64-bit V8, estimated from their form: each has some parts or not, and texts of its own. Names and
 * addresses are the inventory's and are kept anyway. To walk through every key would be exacter and costs more than all else that the store
 * does. The sizes were fitted to the growth of the real heap, which `test/bench/store.ts` holds them against.
 */
import type { Endpoint, Hop, RuleRef } from '../model/journey.ts';

const WORD = 8;
const TEXT_BYTES = 2 * WORD;
const HOP_BYTES = 340;
const TUPLE_BYTES = 80;
const PAIR_BYTES = 48;
const CONNTRACK_BYTES = 104 + 2 * TUPLE_BYTES;
const CHANGE_BYTES = 100;
const ARRAY_BYTES = 48;
const RULE_BYTES = 72;
const ENDPOINT_BYTES = 160;

export function wayBytes(hops: readonly Hop[], ends: readonly (Endpoint | undefined)[]): number {
  let bytes = ARRAY_BYTES + hops.length * WORD;
  for (const hop of hops) bytes += hopBytes(hop);
  for (const end of ends) if (end !== undefined) bytes += ENDPOINT_BYTES;
  return bytes;
}

function hopBytes(hop: Hop): number {
  let bytes = HOP_BYTES + PAIR_BYTES + ARRAY_BYTES + hop.changes.length * CHANGE_BYTES;
  bytes += textBytes(hop.text) + (hop.command === undefined ? 0 : textBytes(hop.command));
  if (hop.tuple !== undefined) bytes += TUPLE_BYTES;
  if (hop.inner !== undefined) bytes += TUPLE_BYTES;
  if (hop.tunnel !== undefined) bytes += TUPLE_BYTES;
  if (hop.ct !== undefined) bytes += CONNTRACK_BYTES;
  if (hop.mac !== undefined) bytes += PAIR_BYTES;
  if (hop.peer !== undefined) bytes += PAIR_BYTES;
  if (hop.process !== undefined) bytes += PAIR_BYTES;
  if (hop.route !== undefined) bytes += TUPLE_BYTES;
  return hop.rule === undefined ? bytes : bytes + ruleBytes(hop.rule);
}

function ruleBytes({ text, comment }: RuleRef): number {
  return RULE_BYTES + textBytes(text) + (comment === undefined ? 0 : textBytes(comment));
}

export function textBytes(text: string): number {
  return TEXT_BYTES + Math.ceil(text.length / WORD) * WORD;
}
