/** Which hook a drop is blamed on where none was watched: what the packet had got to by then. */
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/model/event.ts';
import { eventOwnSocket, eventRouted, tap } from '../../../src/model/layout.generated.ts';
import { dropHook } from '../../../src/resolve/drop-hook.ts';
import type { DeviceFacts, Places } from '../../../src/resolve/places.ts';

const veth: DeviceFacts = { kind: 'veth', name: 'veth1' };
const received = { tap: tap.netifReceiveSkb, netns: 7, ifindex: 3, timeNs: 1, flags: 0 } as Event;
const layer = { family: 4, proto: 6, src: '10.0.0.1', dst: '10.0.0.2', lenBytes: 60 } as const;
const dropped = {
  ...received,
  tap: tap.kfreeSkb,
  headers: { outer: layer, payload: new Uint8Array() },
} as Event;
const routed = { ...dropped, flags: eventRouted };

function hookOf(events: readonly Event[], device: DeviceFacts | undefined = veth, isOwn = false) {
  return dropHook(events, { device: () => device, owns: () => isOwn } as unknown as Places);
}

describe('a packet that a device received', () => {
  test('has no route before PREROUTING is over', () => {
    expect(hookOf([received, dropped])).toBe('prerouting');
  });

  test('then goes to INPUT or FORWARD, by whose address it asks for', () => {
    expect(hookOf([received, routed], veth, true)).toBe('input');
    expect(hookOf([received, routed], veth, false)).toBe('forward');
  });

  test('has the device that it leaves by in POSTROUTING', () => {
    expect(hookOf([received, { ...routed, ifindex: 4 }])).toBe('postrouting');
  });

  test('tells nothing on loopback, at the port of a bridge, in another namespace, or at an unknown device', () => {
    expect(hookOf([received, routed], { kind: 'loopback', name: 'lo' })).toBeUndefined();
    expect(hookOf([received, routed], { ...veth, master: 'br0' })).toBeUndefined();
    expect(hookOf([received, { ...routed, netns: 8 }])).toBeUndefined();
    expect(dropHook([received, routed], { device: () => undefined } as unknown as Places)).toBeUndefined();
  });

  test('which a watched hook saw, goes on from there', () => {
    const passed = { ...received, tap: tap.netfilter, nfHook: 2 } as Event;
    expect(hookOf([received, passed, routed])).toBe('postrouting');
  });
});

describe('a packet that is sent', () => {
  const sent = { ...routed, flags: eventRouted | eventOwnSocket, ifindex: 0 };

  test('has no device yet in OUTPUT, whether or not our hook saw it there', () => {
    const passed = { ...received, tap: tap.netfilter, nfHook: 3 } as Event;
    expect(hookOf([passed, sent])).toBe('output');
    expect(hookOf([passed, { ...sent, ifindex: 4 }])).toBe('postrouting');
    expect(hookOf([sent])).toBe('output');
  });

  test('with a device, and never seen before, is not told', () => {
    expect(hookOf([{ ...sent, ifindex: 4 }])).toBeUndefined();
    expect(hookOf([{ ...received, tap: tap.netDevQueue }, routed])).toBeUndefined();
  });
});
