/**
 * The machine that pcap-filter(7) expressions are compiled for (McCanne and Jacobson, 1993): one accumulator, an index register, sixteen words.
 * Jumps go forward only, so every program ends. What lies behind the end of the captured bytes makes it refuse the packet, as libpcap does.
 */
const INSTRUCTIONS_MAX = 4096;
const WORDS = 16;
/** Linux' negative offsets: what is known of a packet beside its bytes (SKF_AD_OFF + SKF_AD_PKTTYPE). */
const PACKET_TYPE = 0xfffff004;

const kind = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, ret: 6, misc: 7 } as const;
const mode = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, len: 0x80, msh: 0xa0 } as const;
const bytesOfSize = new Map([
  [0x00, 4],
  [0x08, 2],
  [0x10, 1],
]);

export interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly k: number;
}

export interface FilteredPacket {
  readonly bytes: Uint8Array;
  /** As it was on the device. */
  readonly lenBytes: number;
  /** `skb->pkt_type`; 4 = outgoing. */
  readonly type: number;
}

/** @returns undefined where it is no program: a jump or a word that there is not, an unknown instruction, no end. */
export function checkedProgram(program: readonly Instruction[]): readonly Instruction[] | undefined {
  const { length } = program;
  if (length === 0 || length > INSTRUCTIONS_MAX) return undefined;
  return program.every((instruction, at) => isValid(instruction, length - at - 1)) ? program : undefined;
}

/** `left`: instructions behind it. */
function isValid({ code, ifTrue, ifFalse, k }: Instruction, left: number): boolean {
  if (![code, ifTrue, ifFalse, k].every(value => Number.isInteger(value) && value >= 0)) return false;
  if (code > 0xffff || ifTrue > 255 || ifFalse > 255 || k > 0xffffffff) return false;
  const type = code & 7;
  if (type === kind.ret) return (code & 0x18) <= 0x10;
  if (left === 0) return false;
  if (type === kind.jmp) {
    if ((code & 0xf0) === 0) return k < left;
    return (code & 0xf0) <= 0x40 && ifTrue < left && ifFalse < left;
  }
  if (type === kind.st || type === kind.stx) return k < WORDS;
  if (type === kind.alu) return (code & 0xf0) <= 0xa0;
  if (type === kind.misc) return true;
  return (code & 0xe0) === mode.mem ? k < WORDS : (code & 0xe0) <= mode.msh;
}

/** @param program checked. @returns does the packet match? */
export function matches(program: readonly Instruction[], packet: FilteredPacket): boolean {
  const machine = new Machine(packet);
  for (let at = 0; ; at++) {
    const instruction = program[at]!;
    const { code, ifTrue, ifFalse, k } = instruction;
    switch (code & 7) {
      case kind.ret:
        return ((code & 0x18) === 0x10 ? machine.a : k) !== 0;
      case kind.jmp:
        if ((code & 0xf0) === 0) at += k;
        else at += machine.test(code, k) ? ifTrue : ifFalse;
        break;
      default:
        if (!machine.step(instruction)) return false;
    }
  }
}

class Machine {
  a = 0;
  #x = 0;
  readonly #words = new Uint32Array(WORDS);
  readonly #packet: FilteredPacket;

  constructor(packet: FilteredPacket) {
    this.#packet = packet;
  }

  test(code: number, k: number): boolean {
    const b = (code & 8) === 0 ? k : this.#x;
    if ((code & 0xf0) === 0x10) return this.a === b;
    if ((code & 0xf0) === 0x20) return this.a > b;
    if ((code & 0xf0) === 0x30) return this.a >= b;
    return (this.a & b) !== 0;
  }

  /** False: the packet is refused. */
  step({ code, k }: Instruction): boolean {
    switch (code & 7) {
      case kind.st:
        this.#words[k] = this.a;
        return true;
      case kind.stx:
        this.#words[k] = this.#x;
        return true;
      case kind.misc:
        if ((code & 0x80) === 0) this.#x = this.a;
        else this.a = this.#x;
        return true;
      case kind.alu: {
        const result = alu(code & 0xf0, this.a, (code & 8) === 0 ? k : this.#x);
        this.a = result ?? 0;
        return result !== undefined;
      }
      default: {
        const value = this.#load(code, k);
        if (value === undefined) return false;
        if ((code & 7) === kind.ld) this.a = value;
        else this.#x = value;
        return true;
      }
    }
  }

  #load(code: number, k: number): number | undefined {
    const size = bytesOfSize.get(code & 0x18);
    switch (code & 0xe0) {
      case mode.imm:
        return k;
      case mode.mem:
        return this.#words[k];
      case mode.len:
        return this.#packet.lenBytes;
      case mode.abs:
        return k === PACKET_TYPE ? this.#packet.type : this.#at(k, size);
      case mode.ind:
        return this.#at(this.#x + k, size);
      default: {
        const byte = this.#at(k, 1); // header length of IPv4: four times the low half of its first byte
        return byte === undefined ? undefined : (byte & 0xf) * 4;
      }
    }
  }

  /** Network order. */
  #at(offset: number, size: number | undefined): number | undefined {
    const { bytes } = this.#packet;
    if (size === undefined || offset + size > bytes.length) return undefined;
    let value = 0;
    for (let n = 0; n < size; n++) value = value * 256 + bytes[offset + n]!;
    return value;
  }
}

/** In 32 bits without a sign. Undefined: a division by 0. */
function alu(operation: number, a: number, b: number): number | undefined {
  switch (operation) {
    case 0x00:
      return (a + b) >>> 0;
    case 0x10:
      return (a - b) >>> 0;
    case 0x20:
      return Math.imul(a, b) >>> 0;
    case 0x30:
      return b === 0 ? undefined : Math.floor(a / b);
    case 0x40:
      return (a | b) >>> 0;
    case 0x50:
      return (a & b) >>> 0;
    case 0x60:
      return b > 31 ? 0 : (a << b) >>> 0;
    case 0x70:
      return b > 31 ? 0 : a >>> b;
    case 0x80:
      return -a >>> 0;
    case 0x90:
      return b === 0 ? undefined : a % b;
    default:
      return (a ^ b) >>> 0;
  }
}
