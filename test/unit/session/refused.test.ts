/** What is no session, or not one that we read, is refused with what would read it. */
import { crc32, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { TracerError } from '../../../src/base/errors.ts';
import { HEAD_BYTES, layoutDigest } from '../../../src/session/format.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { opened, recorded } from '../../helpers/sessions.ts';

const whole = recorded(recordedBytes('flannel-dns'));

async function refusal(bytes: Uint8Array): Promise<TracerError> {
  try {
    await opened(bytes);
  } catch (error) {
    if (error instanceof TracerError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

async function withFacts(change: (facts: Record<string, unknown>) => void): Promise<Uint8Array> {
  const file = await whole;
  const view = new DataView(file.buffer, file.byteOffset);
  const end = HEAD_BYTES + view.getUint32(12, true);
  const facts = JSON.parse(new TextDecoder().decode(file.subarray(HEAD_BYTES, end)));
  change(facts);
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const head = Buffer.from(file.subarray(0, HEAD_BYTES));
  head.writeUInt32LE(json.length, 12);
  head.writeUInt32LE(crc32(json), 16);
  return Buffer.concat([head, json, file.subarray(end)]);
}

describe('is refused, with a hint', () => {
  test.each([
    ['nothing at all', Uint8Array.of(), /empty or was cut/, /nothing can be read/],
    ['text', Buffer.from('hello, this is no session at all'), /is no tracer session/, /-w FILE/],
    [
      'a pcap',
      Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex'),
      /is no/,
      /packet capture/,
    ],
    [
      'a pcapng',
      Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff', 'hex'),
      /is no/,
      /packet capture/,
    ],
    ['JSON', Buffer.from('{"schema":1,"session":"abcd","id":"1"}'), /is no/, /JSON/],
    ['gzip', gzipSync('some text that is long enough to be looked at'), /is no/, /unpack/],
  ])('%s', async (_, bytes, message, hint) => {
    const error = await refusal(bytes);
    expect(error).toMatchObject({ code: 'SESSION_FORMAT', exitCode: 1 });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test.each([
    [0, /the tracer that wrote it/],
    [2, /a newer tracer/],
    [65_535, /a newer tracer/],
  ])('format %i', async (version, hint) => {
    const file = Buffer.from(await whole);
    file.writeUInt16LE(version, 8);
    const error = await refusal(file);
    expect(error.message).toMatch(new RegExp(`format ${version} .* reads format 1`));
    expect(error.hint).toMatch(hint);
  });

  test('records of another layout: who wrote them reads them', async () => {
    const older = await refusal(
      await withFacts(facts => Object.assign(facts, { recordVersion: 0, tracer: '0.0.9' })),
    );
    expect(older.message).toContain('layout 0');
    expect(older.hint).toBe('tracer 0.0.9 reads it');
    const moved = await refusal(
      await withFacts(facts => Object.assign(facts, { layout: 'ffff0000ffff0000' })),
    );
    expect(moved.message).toContain(layoutDigest);
  });

  test.each([
    ['cut within its head', (file: Buffer) => file.subarray(0, 12)],
    ['cut within its facts', (file: Buffer) => file.subarray(0, HEAD_BYTES + 10)],
    ['with another byte in its facts', (file: Buffer) => file.fill(0x41, HEAD_BYTES + 20, HEAD_BYTES + 21)],
    ['with a length that is none', (file: Buffer) => file.fill(0xff, 12, 16)],
  ])('%s', async (_, change) => {
    const error = await refusal(change(Buffer.from(await whole)));
    expect(error.message).toMatch(/damaged|cut/);
  });

  test('facts that are none', async () => {
    expect((await refusal(await withFacts(facts => delete facts.session))).message).toMatch(/damaged/);
    expect(
      (await refusal(await withFacts(facts => Object.assign(facts, { session: '../x' })))).message,
    ).toMatch(/damaged/);
  });
});
