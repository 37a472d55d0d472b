import { describe, expect, test } from 'vitest';
import { fresh, queryOf, type Shown, shownOf } from '../../../web/app/address.ts';

describe('the address of the page', () => {
  test('says all that is shown, and brings it back', () => {
    const shown: Shown = {
      session: 'k3v9',
      selection: { flow: '5', journey: '17', hop: 3 },
      view: 'overlay',
      range: { fromNs: 1000, toNs: 2_000_000_000 },
      filter: 'pod:pod-a port:80 ä&=#',
      list: 'journeys',
      lower: 'charts',
      theme: 'dark',
    };
    expect(shownOf(queryOf(shown))).toEqual(shown);
  });

  test('is bare while nothing was chosen', () => {
    expect(queryOf({ ...fresh, session: 'k3v9' })).toBe('');
    expect(shownOf('')).toEqual(fresh);
  });

  test.each(['?view=up&theme=blue&list=x', '?packet=../../etc&flow=', '?time=9-1', '?time=a-b', '?hop=1e9'])(
    'makes nothing of %s',
    query => {
      expect(shownOf(query)).toEqual(fresh);
    },
  );
});
