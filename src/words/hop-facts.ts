import type { Hop } from '../model/journey.ts';

/** A hop before it has words. */
export type HopFacts = Omit<Hop, 'index' | 'text' | 'command'>;
