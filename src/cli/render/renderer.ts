import type { Hop, Journey } from '../../model/journey.ts';
import { canonicalJourney } from './canonical.ts';
import { CompactRenderer } from './compact.ts';
import type { Style } from './style.ts';

export const outputFormats = ['compact', 'wide', 'json', 'canonical'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Renderer {
  /** `hops`: those that it shares with other journeys, as the pipeline gives them. */
  journey(journey: Journey, hops?: readonly Hop[]): void;
  /** The kernel's monotonic clock is here, whatever was printed. */
  beat(nowNs: bigint): void;
  /** Writes what was held back. */
  finish(): void;
}

export interface RenderOptions {
  readonly style: Style;
  readonly width: number;
  readonly write: (line: string) => void;
  readonly label: (hop: Hop) => string;
}

/** Holds nothing back. */
const unheld = { beat: () => {}, finish: () => {} };

export function rendererFor(format: OutputFormat, options: RenderOptions): Renderer {
  switch (format) {
    case 'json':
      return { ...unheld, journey: journey => options.write(JSON.stringify(journey)) };
    case 'canonical':
      return { ...unheld, journey: journey => options.write(canonicalJourney(journey, options.label)) };
    case 'compact':
    case 'wide': {
      const compact = new CompactRenderer({ ...options, wide: format === 'wide' });
      return {
        journey: (journey, hops) => compact.journey(journey, hops),
        beat: nowNs => compact.beat(nowNs),
        finish: () => compact.flush(),
      };
    }
  }
}
