import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { durationMs, port, positive, protocol } from '../../../src/cli/arguments.ts';

describe('option values', () => {
  test.each<readonly [string, (text: string) => unknown, string, unknown]>([
    ['port', port, '1', 1],
    ['port', port, '65535', 65_535],
    ['count', positive, '12', 12],
    ['time', durationMs, '500ms', 500],
    ['time', durationMs, '1.5s', 1500],
    ['time', durationMs, '2m', 120_000],
    ['time', durationMs, '1h', 3_600_000],
    ['time', durationMs, '3', 3000],
    ['protocol', protocol, 'tcp', 'tcp'],
    ['protocol', protocol, '47', '47'],
  ])('a %s: %# %s', (_, parse, text, value) => {
    expect(parse(text)).toBe(value);
  });

  test.each<readonly [string, (text: string) => unknown, readonly string[]]>([
    ['port', port, ['0', '65536', '70000', '-1', '80.5', '0x50', '', ' 80', 'http', '1e3']],
    ['count', positive, ['0', '-3', '1.5', 'many', '', '99999999999999999999']],
    ['time', durationMs, ['0', '-1s', '5d', 's', '', '1 s', '25d', '999999h']],
    ['protocol', protocol, ['TCP', 'http', '256', '-1', '']],
  ])('no %s', (_, parse, texts) => {
    for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError);
  });
});
