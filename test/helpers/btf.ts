/** The kernel's type information (Documentation/bpf/btf.rst), as far as to find the names of an enum. Little endian. */

const KIND = {
  int: 1,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  funcProto: 13,
  var: 14,
  datasec: 15,
  declTag: 17,
  enum64: 19,
};

/** Bytes behind the 12 of the type itself. */
function extraBytes(kind: number, count: number): number {
  switch (kind) {
    case KIND.int:
    case KIND.var:
    case KIND.declTag:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case KIND.datasec:
    case KIND.enum64:
      return 12 * count;
    case KIND.enum:
    case KIND.funcProto:
      return 8 * count;
    default:
      return 0;
  }
}

/** Names of the values of the first enum of that name, in the kernel's order. */
export function enumOfBtf(btf: Uint8Array, name: string): string[] | undefined {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  const headerBytes = u32(4);
  const [typesAt, typesEnd] = [headerBytes + u32(8), headerBytes + u32(8) + u32(12)];
  const stringsAt = headerBytes + u32(16);
  const text = (offset: number): string => {
    const from = stringsAt + offset;
    return new TextDecoder().decode(btf.subarray(from, btf.indexOf(0, from)));
  };
  for (let at = typesAt; at < typesEnd; ) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    if (kind === KIND.enum && text(u32(at)) === name)
      return Array.from({ length: count }, (_, i) => text(u32(at + 12 + 8 * i)));
    at += 12 + extraBytes(kind, count);
  }
  return undefined;
}
