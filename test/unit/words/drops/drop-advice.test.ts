/** Every drop reason has words, and none contradicts what correlation makes of it. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeFree } from '../../../../src/correlate/ends.ts';
import { dropAdvice, dropWords } from '../../../../src/words/drops/drop-advice.ts';
import { dropPlaces, freedWords } from '../../../../src/words/drops/drop-places.ts';
import { dropReasons } from '../../../../src/words/drops/drop-reasons.ts';
import { enumOfBtf } from '../../../helpers/btf.ts';

const BTF = '/sys/kernel/btf/vmlinux';
/** Of kernels that were released, and not in the one that this was written on (6.18). */
const ofOthers = ['VXLAN_NO_REMOTE'];
/** Marks of the enum, no reasons. */
const marks = ['MAX', 'SUBSYS_MASK'];

function reasonsOfKernel(): string[] {
  const names = enumOfBtf(new Uint8Array(readFileSync(BTF)), 'skb_drop_reason') ?? [];
  return names.map(name => name.replace(/^SKB_(DROP_REASON_)?/, '')).filter(name => !marks.includes(name));
}

describe('the running kernel', () => {
  test('has no reason without words', context => {
    if (!existsSync(BTF)) context.skip(`needs ${BTF} (CONFIG_DEBUG_INFO_BTF)`);
    const names = reasonsOfKernel();
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter(name => dropWords(name, 'some_function') === undefined)).toEqual([]);
  });

  test('knows every reason that there are words for, if it is not older', context => {
    if (!existsSync(BTF)) context.skip(`needs ${BTF} (CONFIG_DEBUG_INFO_BTF)`);
    const names = new Set(reasonsOfKernel());
    if (!names.has('RECURSION_LIMIT')) context.skip('needs the drop reason RECURSION_LIMIT (Linux 6.18)');
    expect(Object.keys(dropReasons).filter(name => !names.has(name) && !ofOthers.includes(name))).toEqual([]);
  });
});

const all = [...Object.entries(dropReasons), ...Object.entries(dropPlaces)];

describe('the words', () => {
  test.each(all)('of %s are the end of a sentence', (_, { means, answered, causes = [] }) => {
    for (const text of [means, ...(answered === undefined ? [] : [answered]), ...causes]) {
      expect(text).toMatch(/^[a-zA-Z`0-9].{5,}[^.,;: ]$/);
      expect(text.length).toBeLessThan(150);
    }
  });

  test('call harmless what correlation knows to be no loss, whatever the function', () => {
    const noLoss = Object.keys(dropReasons).filter(
      name => judgeFree(name, 'some_function').kind !== 'dropped',
    );
    expect(noLoss.length).toBeGreaterThan(4);
    expect(noLoss.filter(name => dropReasons[name]?.harmless !== true)).toEqual([]);
  });

  test('of a place are of a drop, or of an end that is none', () => {
    for (const place of Object.keys(dropPlaces)) {
      const [reason, location] = place.split(' ');
      expect([place, judgeFree(reason!, location!).kind]).toEqual([place, 'dropped']);
    }
    for (const place of Object.keys(freedWords)) {
      const [reason, location] = place.split(' in ');
      expect([place, judgeFree(reason!, location!).kind]).not.toEqual([place, 'dropped']);
    }
  });
});

describe('drop advice', () => {
  test('the function decides where the reason says little', () => {
    expect(dropAdvice('NOT_SPECIFIED', 'ip_error')).toContain('route');
    expect(dropAdvice('NOT_SPECIFIED', 'veth_xmit')).toContain('other end');
    expect(dropAdvice('IP_INHDR', 'ip_forward')).toContain('TTL');
    expect(dropAdvice('IP_INHDR', 'ip_rcv_core')).toContain('header');
  });

  test('a drop that the kernel tells of is no silent one', () => {
    expect(dropAdvice('NETFILTER_DROP', 'nft_do_chain', true)).toContain('rejected');
    expect(dropAdvice('NETFILTER_DROP', 'nf_hook_slow', true)).toContain('rejected');
    expect(dropAdvice('PKT_TOO_BIG', 'ip_forward', true)).not.toContain('should follow');
    expect(dropAdvice('IP_INNOROUTES', 'ip_error', true)).toBe(dropAdvice('IP_INNOROUTES', 'ip_error'));
  });

  test.each(['A_REASON_OF_TOMORROW', 'constructor', '__proto__', ''])(
    'has no words for "%s", and says so',
    reason => {
      expect(dropWords(reason, 'x')).toBeUndefined();
      expect(dropAdvice(reason, 'x')).toContain('no words for it');
    },
  );

  test('a number stands for a reason of another part of the kernel', () => {
    expect(dropAdvice('131075', 'ovs_vport_receive')).toContain('Open vSwitch');
    expect(dropAdvice('200', 'x')).toContain('no words for it');
  });
});
