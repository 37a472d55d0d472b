/** pcapng files as any reader sees them: the blocks of one little-endian section, by the draft and nothing of ours. */
export interface PcapngFile {
  readonly section: Options;
  readonly interfaces: readonly {
    readonly linkType: number;
    readonly name: string;
    readonly options: Options;
  }[];
  readonly packets: readonly PcapngPacket[];
  readonly names: ReadonlyMap<string, string>;
}

export interface PcapngPacket {
  readonly interface: number;
  readonly timeNs: bigint;
  readonly bytes: Uint8Array;
  readonly originalLenBytes: number;
  readonly comments: readonly string[];
  readonly flags: number;
  readonly packetId: bigint;
}

type Options = readonly { readonly code: number; readonly value: Uint8Array }[];

const decoder = new TextDecoder('utf-8', { fatal: true });
const text = (options: Options, code: number): string[] =>
  options.filter(option => option.code === code).map(({ value }) => decoder.decode(value));
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @throws where lengths do not agree, or a packet names an interface that has not been described. */
export function readPcapng(file: Uint8Array): PcapngFile {
  const interfaces: { linkType: number; name: string; options: Options }[] = [];
  const packets: PcapngPacket[] = [];
  const names = new Map<string, string>();
  let section: Options | undefined;
  for (const { type, body } of blocksOf(file)) {
    const view = viewOf(body);
    if (type === 0x0a0d0d0a) {
      if (section !== undefined || view.getUint32(0, true) !== 0x1a2b3c4d) throw new Error('not one section');
      section = optionsOf(body.subarray(16));
    } else if (section === undefined) throw new Error('a block before the section');
    else if (type === 1) {
      const options = optionsOf(body.subarray(8));
      interfaces.push({ linkType: view.getUint16(0, true), name: text(options, 2)[0] ?? '', options });
    } else if (type === 4) for (const [ip, name] of namesOf(body)) names.set(ip, name);
    else if (type === 6) packets.push(packetOf(body));
    else throw new Error(`block of type ${type}`);
    if (packets.some(packet => packet.interface >= interfaces.length)) throw new Error('unknown interface');
  }
  return { section: section ?? [], interfaces, packets, names };
}

function* blocksOf(file: Uint8Array): Generator<{ type: number; body: Uint8Array }> {
  const view = viewOf(file);
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    if (length % 4 !== 0 || length < 12 || at + length > file.length) throw new Error(`length ${length}`);
    if (view.getUint32(at + length - 4, true) !== length) throw new Error('the two lengths differ');
    yield { type: view.getUint32(at, true), body: file.subarray(at + 8, at + length - 4) };
    at += length;
  }
}

function optionsOf(bytes: Uint8Array): Options {
  const view = viewOf(bytes);
  const options: { code: number; value: Uint8Array }[] = [];
  for (let at = 0; ; ) {
    const code = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (code === 0) {
      if (at + 4 !== bytes.length) throw new Error('bytes behind the last option');
      return options;
    }
    options.push({ code, value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length + (-length & 3);
  }
}

function packetOf(body: Uint8Array): PcapngPacket {
  const view = viewOf(body);
  const captured = view.getUint32(12, true);
  const options = optionsOf(body.subarray(20 + captured + (-captured & 3)));
  const number = (code: number): Uint8Array | undefined => options.find(each => each.code === code)?.value;
  return {
    interface: view.getUint32(0, true),
    timeNs: (BigInt(view.getUint32(4, true)) << 32n) | BigInt(view.getUint32(8, true)),
    bytes: body.subarray(20, 20 + captured),
    originalLenBytes: view.getUint32(16, true),
    comments: text(options, 1),
    flags: viewOf(number(2)!).getUint32(0, true),
    packetId: viewOf(number(5)!).getBigUint64(0, true),
  };
}

function* namesOf(body: Uint8Array): Generator<[string, string]> {
  const view = viewOf(body);
  for (let at = 0; view.getUint16(at, true) !== 0; ) {
    const addressBytes = view.getUint16(at, true) === 1 ? 4 : 16;
    const length = view.getUint16(at + 2, true);
    const value = body.subarray(at + 4, at + 4 + length);
    const name = decoder.decode(value.subarray(addressBytes, -1));
    if (value.at(-1) !== 0) throw new Error('a name without an end');
    yield [Array.from(value.subarray(0, addressBytes)).join('.'), name];
    at += 4 + length + (-length & 3);
  }
}
