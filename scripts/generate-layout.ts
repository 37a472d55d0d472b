/**
 * Makes src/model/layout.generated.ts from the BTF of bpf/layout.c, that is from bpf/record.h as the compiler laid it out.
 * Runs after every build of bpf/ and writes only when the result differs; a unit test compares the two.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
export const layoutFile = `${root}src/model/layout.generated.ts`;

interface BtfMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
}

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly BtfMember[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const structs = ['frame', 'event', 'event_ct', 'process', 'loss', 'heartbeat'];
const enums = ['frame_type', 'tap', 'identity', 'loss_cause'];
/** Defines are not in the BTF; the collector and this file share them through these names in record.h. */
const defines = /^#define (RECORD_VERSION|EVENT_[A-Z_]+|HEADERS_MAX)\s+(0x[0-9a-f]+|\d+)/gm;

function readBtf(path: string): readonly BtfType[] {
  const bpftool = process.env.BPFTOOL ?? 'bpftool';
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` };
  const out = execFileSync(bpftool, ['-j', 'btf', 'dump', 'file', path], { env });
  return (JSON.parse(out.toString()) as { types: BtfType[] }).types;
}

function structText(types: readonly BtfType[], name: string): string {
  const type = types.find(t => t.kind === 'STRUCT' && t.name === name);
  if (type?.members === undefined) throw new Error(`no struct ${name} in the BTF`);
  const rows = type.members.map(m => `  ${camel(m.name)}: ${m.bits_offset / 8},`);
  return `/** Byte offsets in struct ${name}. */\nexport const ${camel(name)}Layout = {\n  size: ${type.size},\n${rows.join('\n')}\n} as const;\n`;
}

function enumText(types: readonly BtfType[], name: string): string {
  const type = types.find(t => t.kind === 'ENUM' && t.name === name);
  if (type?.values === undefined) throw new Error(`no enum ${name} in the BTF`);
  const prefix = `${{ frame_type: 'FRAME', tap: 'TAP', identity: 'IDENTITY', loss_cause: 'LOSS' }[name]}_`;
  const rows = type.values.map(v => `  ${camel(v.name.slice(prefix.length).toLowerCase())}: ${v.val},`);
  return `export const ${camel(name)} = {\n${rows.join('\n')}\n} as const;\n`;
}

/** `object`: layout.c as clang compiled it. */
export function generateLayoutText(object: string): string {
  const types = readBtf(object);
  const header = readFileSync(`${root}bpf/record.h`, 'utf8');
  const constants = [...header.matchAll(defines)].map(
    m => `export const ${camel(m[1]!.toLowerCase())} = ${m[2]};`,
  );
  return [
    '// Generated from bpf/record.h by scripts/generate-layout.ts: do not edit, run npm run build.\n',
    ...structs.map(name => structText(types, name)),
    ...enums.map(name => enumText(types, name)),
    `${constants.join('\n')}\n`,
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = generateLayoutText(`${root}build/bpf/layout.o`);
  if (text !== readFileSync(layoutFile, 'utf8')) writeFileSync(layoutFile, text);
}
