// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { NBSP } from '../../../src/domain/format';
import { parseQuery, splitHiding } from '../../../src/domain/topology/find';
import { foundText, show, shownText } from '../../../src/domain/topology/shown';
import { SHOP } from './fixtures';

const found = (text: string) => {
  const { vertices, edges } = show(SHOP, text, []).found;
  return [...vertices, ...edges].sort();
};

describe('find', () => {
  test.each([
    ['front', ['front']],
    ['name:front', ['front']],
    ['FRO', ['front']],
    ['ns:checkout', ['orders']],
    ['node:shop-2', ['catalogue']],
    ['version:v2', ['catalogue']],
    ['is:external', ['bank']],
    ['shop/front', ['front']],
    ['"front"', ['front']],
    ['failed > 1 %', ['front>orders']],
    ['failed>1%', ['front>orders']],
    ['failed > 3', []],
    ['rate > 10', ['front>catalogue', 'ingress>front']],
    ['rate >= 30/s', ['front>catalogue', 'ingress>front']],
    ['rate < 1', ['catalogue>db']],
    ['connect > 5 ms', ['front>catalogue']],
    ['p99 > 50 ms', ['front>orders']],
    ['p99 > 5000 us', ['front>catalogue', 'front>orders']],
    ['rt > 0.05 s', ['front>orders']],
    ['errors > 1 %', ['front>orders']],
    ['requests > 100', ['front>catalogue']],
    ['rtt > 0 ms', []],
    ['bytes > 1MB', ['ingress>front']],
    ['bytes > 1 MB/s', ['ingress>front']],
    ['port:443', ['orders>bank']],
    ['health:failing', ['front>orders', 'orders']],
    ['health:bad', ['front>orders', 'orders']],
    ['ns:shop rate > 10', ['front>catalogue', 'ingress>front']],
    ['name:orders rate < 3', ['orders>bank']],
    ['nothing-like-it', []],
    ['', []],
  ])('%s', (text, wanted) => {
    expect(found(text)).toEqual(wanted);
    expect(parseQuery(text).problem).toBeNull();
  });

  test.each([
    ['failed >', 'A number is missing'],
    ['speed > 3', 'There is no figure “speed”'],
    ['colour:red', 'There is no field “colour”'],
    ['ns:', 'A value is missing'],
    ['port:http', 'not a port'],
    ['health:fine', 'Health is one of'],
  ])('says what is wrong with %s', (text, problem) => {
    expect(parseQuery(text).problem).toContain(problem);
  });

  test('counts what it found', () => {
    expect(foundText(show(SHOP, 'rate > 10', []), 'rate > 10', 'workload')).toBe('2\u00a0edges');
    expect(foundText(show(SHOP, 'o', []), 'o', 'workload')).toContain('workloads');
    expect(foundText(show(SHOP, 'nothing', []), 'nothing', 'workload')).toBe('none');
    expect(foundText(show(SHOP, '', []), '', 'workload')).toBeNull();
  });
});

describe('hide', () => {
  test('takes edges by figure and cards with their last edge', () => {
    const shown = show(SHOP, '', ['rate < 1']);
    expect(shown.edges.map(({ id }) => id)).not.toContain('catalogue>db');
    expect(shown.vertices.map(({ id }) => id)).not.toContain('db');
    expect(shown.hidden).toMatchObject({ vertices: 1, edges: 1 });
    expect(shown.hidden.share).toBeCloseTo(50 / 7760);
  });

  test('takes cards by name with their edges', () => {
    const shown = show(SHOP, '', ['ns:checkout']);
    expect(shown.vertices.map(({ id }) => id)).not.toContain('orders');
    expect(shown.edges.map(({ id }) => id)).toEqual(['ingress>front', 'front>catalogue', 'catalogue>db']);
  });

  test('errors only keeps both ends of what fails', () => {
    const shown = show(SHOP, '', ['health:ok']);
    expect(shown.edges.map(({ id }) => id)).toEqual(['front>orders']);
    expect(shown.vertices.map(({ id }) => id).sort()).toEqual(['front', 'orders']);
  });

  test('any of several hides; one that is switched off does not', () => {
    expect(show(SHOP, '', ['port:443', 'rate < 1']).edges).toHaveLength(3);
    expect(show(SHOP, '', ['port:443', '~rate < 1']).edges).toHaveLength(4);
  });

  test('a minus in Find hides at once', () => {
    expect(show(SHOP, '-rate<1', []).edges).toHaveLength(4);
    expect(show(SHOP, 'front -rate<1', []).found.vertices).toEqual(new Set(['front']));
    expect(splitHiding('front -rate < 1 -ns:data')).toEqual({ find: 'front', hide: ['rate < 1', 'ns:data'] });
    expect(splitHiding('orders-db')).toEqual({ find: 'orders-db', hide: [] });
  });

  test('is stated with its share of connections', () => {
    const all = shownText(SHOP, show(SHOP, '', []));
    expect(all).toEqual({ shown: `6${NBSP}workloads, 5${NBSP}edges.`, hidden: [] });
    const some = shownText(SHOP, show(SHOP, '', ['ns:checkout']));
    expect(some.shown).toContain(`4 of${NBSP}6${NBSP}workloads`);
    expect(some.hidden[0]).toContain('hidden by you');
    const server = { ...SHOP, hidden: { ...SHOP.hidden, vertices: 14, edges: 30, connectionShare: 0.07 } };
    expect(shownText(server, show(server, '', [])).shown).toContain(`93${NBSP}% of connections`);
  });
});
