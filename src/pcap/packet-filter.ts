/** A pcap-filter(7) expression, as it was compiled for Ethernet, asked of journeys: does the packet match at any place of its way? */
import { TracerError } from '../base/errors.ts';
import type { Event } from '../model/event.ts';
import type { CompiledFilter } from '../model/follow.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { tap } from '../model/layout.generated.ts';
import { checkedProgram, type Instruction, matches } from './classic-bpf.ts';
import { asEthernet } from './frames.ts';

const OUTGOING = 4;
const leaves: ReadonlySet<number> = new Set([tap.netDevQueue, tap.netDevStartXmit]);

export class PacketFilter {
  readonly #program: readonly Instruction[];

  /** @throws SESSION_FORMAT: programs come from the compiler, or from a file that may be anything. */
  constructor({ expression, program }: CompiledFilter) {
    const instructions = program.map(([code = -1, ifTrue = -1, ifFalse = -1, k = -1]) => ({
      code,
      ifTrue,
      ifFalse,
      k,
    }));
    const checked = checkedProgram(instructions);
    if (checked === undefined)
      throw new TracerError('SESSION_FORMAT', `the filter '${expression}' is kept as no program`);
    this.#program = checked;
  }

  matches({ events }: JourneyRecord): boolean {
    return events.some(event => this.#isMatch(event));
  }

  #isMatch(event: Event): boolean {
    const { raw, skbLen, pktType } = event;
    if (raw === undefined) return false;
    const bytes = asEthernet(raw, event);
    const lenBytes = skbLen + bytes.length - (raw.bytes.length - raw.networkAt);
    return matches(this.#program, { bytes, lenBytes, type: leaves.has(event.tap) ? OUTGOING : pktType });
  }
}

/** What `tcpdump -ddd` prints: how many instructions, then one a line. @returns undefined where it is something else. */
export function parseProgram(text: string): CompiledFilter['program'] | undefined {
  const [count, ...lines] = text.trim().split('\n');
  if (lines.length !== Number(count)) return undefined;
  const program = lines.map(line => line.split(' ').map(Number));
  return program.every(row => row.length === 4 && row.every(Number.isInteger)) ? program : undefined;
}
