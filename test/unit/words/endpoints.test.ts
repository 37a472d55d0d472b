import { describe, expect, test } from 'vitest';
import { bytes, counted } from '../../../src/words/counts.ts';
import { endpointText, wayText } from '../../../src/words/endpoints.ts';
import { MS, Rig } from '../../helpers/journeys.ts';
import { crossNodeReply, crossNodeRequest, outsideRequest } from '../../helpers/journeys-ways.ts';

describe('words', () => {
  test('one is one', () => {
    expect([0, 1, 2].map(count => counted(count, 'packet'))).toEqual(['0 packets', '1 packet', '2 packets']);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [2_900_000, '2.9 MB'],
  ])('%i bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  test('an endpoint has its name, else its address', () => {
    expect(endpointText({ kind: 'pod', name: 'pod-a', ip: '10.0.0.1', port: 80 })).toBe('pod-a:80');
    expect(endpointText({ kind: 'pod', name: 'pod-a', ip: '10.0.0.1', port: 80 }, { port: false })).toBe(
      'pod-a',
    );
    expect(endpointText({ kind: 'external', ip: 'fd00::1', port: 80 })).toBe('[fd00::1]:80');
    expect(endpointText({ kind: 'external', ip: 'fd00::1' })).toBe('fd00::1');
  });

  test('a way names the service on the way there and back', () => {
    const [request, reply, outside] = [
      crossNodeRequest(),
      crossNodeReply({ at: 1 * MS }),
      outsideRequest({ at: 2 * MS, sport: 5 }),
    ];
    const rig = new Rig().walk(request, reply, outside).finish();
    expect(wayText(rig.of(request))).toBe('pod-a:37144 → nginx-service:80 → nginx-2:8080');
    expect(wayText(rig.of(reply))).toBe('nginx-2:8080 → nginx-service:80 → pod-a:37144');
    expect(wayText(rig.of(outside))).toBe('pod-a:5 → 203.0.113.10:80');
  });
});
