import { describe, expect, test } from 'vitest';
import { dropAdvice } from '../../../src/explain/drop-advice.ts';

const none = 'no advice for this reason yet';

describe('drop advice', () => {
  test.each([
    'NETFILTER_DROP',
    'NEIGH_FAILED',
    'NEIGH_QUEUEFULL',
    'IP_INADDRERRORS',
    'IP_OUTNOROUTES',
    'IP_INNOROUTES',
    'IP_RPFILTER',
    'IP_INHDR',
    'IP_CSUM',
    'PKT_TOO_BIG',
    'NO_SOCKET',
    'TCP_CSUM',
    'UDP_CSUM',
    'TCP_FLAGS',
    'TCP_ABORT_ON_DATA',
    'TCP_CLOSE',
    'TCP_OVERWINDOW',
    'SOCKET_RCVBUFF',
    'SOCKET_BACKLOG',
    'SOCKET_FILTER',
    'LISTEN_OVERFLOW',
    'QDISC_DROP',
    'CPU_BACKLOG',
    'XDP',
    'TC_INGRESS',
    'TC_EGRESS',
    'NO_TX_TARGET',
    'UNHANDLED_PROTO',
    'OTHERHOST',
    'DEV_READY',
    'TTL_EXPIRED',
    'FRAG_REASM_TIMEOUT',
    'DUP_FRAG',
  ])('%s has words', reason => {
    const advice = dropAdvice(reason, 'some_function');
    expect(advice).not.toBe(none);
    expect(advice).toMatch(/^[a-z`].{10,}[^.]$/i);
  });

  test('the function decides where the reason says little', () => {
    expect(dropAdvice('NOT_SPECIFIED', 'ip_error')).toContain('route');
    expect(dropAdvice('NOT_SPECIFIED', 'veth_xmit')).toContain('other end');
    expect(dropAdvice('IP_INHDR', 'ip_forward')).toContain('TTL');
    expect(dropAdvice('IP_INHDR', 'ip_rcv_core')).toContain('header');
  });

  test('a drop that the kernel tells of is no silent one', () => {
    expect(dropAdvice('NETFILTER_DROP', 'nft_do_chain', true)).toContain('rejected');
    expect(dropAdvice('PKT_TOO_BIG', 'ip_forward', true)).not.toContain('should follow');
    expect(dropAdvice('IP_INNOROUTES', 'ip_error', true)).toBe(dropAdvice('IP_INNOROUTES', 'ip_error'));
  });

  test('what it does not know, it says', () => {
    expect(dropAdvice('A_REASON_OF_TOMORROW', 'x')).toBe(none);
    expect(dropAdvice('NOT_SPECIFIED', 'x')).toBe(none);
  });
});
