import { beforeEach, describe, expect, test } from 'vitest';
import { Live, type LiveListener, type LiveSocket } from '../../../web/app/live.ts';

class Socket implements LiveSocket {
  onmessage: LiveSocket['onmessage'] = null;
  onclose: LiveSocket['onclose'] = null;
  readonly sent: unknown[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.onclose?.();
  }

  says(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
}

let sockets: Socket[];
let heard: unknown[][];
let due: { readonly ms: number; readonly then: () => void }[];
let live: Live;

const topics = ['journeys', 'flows', 'topology', 'stats'];
const hello = { type: 'hello', session: 's1', seq: 9, schema: 1 };

beforeEach(() => {
  sockets = [];
  heard = [];
  due = [];
  const hear =
    (name: string) =>
    (...args: unknown[]) =>
      void heard.push([name, ...args]);
  const names = [
    ...['onOpen', 'onJourneys', 'onFlows', 'onTopology'],
    ...['onStats', 'onReset', 'onSkipped', 'onMalformed', 'onLost'],
  ];
  const listener = Object.fromEntries(names.map(name => [name, hear(name)])) as unknown as LiveListener;
  const connect = (): Socket => {
    sockets.push(new Socket());
    return sockets.at(-1)!;
  };
  live = new Live({ connect, wait: (ms, then) => void due.push({ ms, then }) }, listener);
  live.start();
});

describe('the live stream', () => {
  test('subscribes once it is greeted, and tells what comes', () => {
    const [socket] = sockets;
    expect(socket!.sent).toEqual([]);
    socket!.says(hello);
    expect(socket!.sent).toEqual([{ type: 'subscribe', topics }]);
    socket!.says({ type: 'journeys', seq: 9, items: [{ id: '1' }] });
    socket!.says({ type: 'skipped', from: 9, to: 20, count: 11, reason: 'slow' });
    expect(heard).toEqual([
      ['onOpen', 's1'],
      ['onJourneys', [{ id: '1' }]],
      ['onSkipped', { count: 11, reason: 'slow' }],
    ]);
  });

  test('comes back where it was, later each time', () => {
    sockets[0]!.says(hello);
    sockets[0]!.says({ type: 'journeys', seq: 9, items: [] });
    sockets[0]!.close();
    due.shift()!.then();
    sockets[1]!.close();
    expect(due[0]!.ms).toBeGreaterThan(250);
    due.shift()!.then();
    sockets[2]!.says(hello);
    expect(sockets[2]!.sent).toEqual([{ type: 'subscribe', topics, since: 9, session: 's1' }]);
    expect(heard.filter(([name]) => name === 'onLost')).toHaveLength(2);
  });

  test('begins anew when only a part of the snapshot had come, and after a reset', () => {
    sockets[0]!.says(hello);
    sockets[0]!.says({ type: 'journeys', seq: 0, items: [] });
    sockets[0]!.close();
    due.shift()!.then();
    sockets[1]!.says(hello);
    expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', topics }]);
    sockets[1]!.says({ type: 'flows', seq: 12, items: [] });
    sockets[1]!.says({ type: 'reset' });
    sockets[1]!.close();
    due.shift()!.then();
    sockets[2]!.says(hello);
    expect(sockets[2]!.sent).toEqual([{ type: 'subscribe', topics }]);
    expect(heard).toContainEqual(['onReset']);
  });

  test.each(['{', '7', '"text"', 'null'])('leaves %s out, and says so', text => {
    sockets[0]!.says(text);
    expect(heard).toEqual([['onMalformed']]);
    sockets[0]!.says(hello);
    expect(heard).toContainEqual(['onOpen', 's1']);
  });

  test.each(['[]', '{"type":"journeys","items":[null,3]}', '{"type":5}'])('makes nothing of %s', text => {
    sockets[0]!.says(text);
    expect(heard.filter(([name, items]) => name !== 'onJourneys' || (items as []).length > 0)).toEqual([]);
  });

  test('does not even read a message that is larger than any of the daemon', () => {
    sockets[0]!.says(JSON.stringify({ ...hello, filler: ' '.repeat(64 * 1024 * 1024) }));
    expect(heard).toEqual([['onMalformed']]);
  });

  test('stays away once it was stopped', () => {
    live.stop();
    expect(due).toEqual([]);
    expect(heard).toEqual([]);
  });
});
