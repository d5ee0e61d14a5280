// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  addFilter,
  filterParameters,
  filterQuery,
  filtersOf,
  removeFilter,
  suggestFilters,
  toggleFilter,
} from '@/domain/filters';

const known = { workloads: ['payments', 'orders'], namespaces: ['shop', 'checkout'], nodes: ['shop-1'] };

describe('filters in the URL', () => {
  const parameters = new URLSearchParams('destination=payments,orders&port=8443&off=node:shop-1,engine:off');

  it('reads several values and switched-off ones, and ignores keys it does not know', () => {
    expect(filtersOf(parameters)).toEqual([
      { key: 'destination', value: 'payments', disabled: false },
      { key: 'destination', value: 'orders', disabled: false },
      { key: 'port', value: '8443', disabled: false },
      { key: 'node', value: 'shop-1', disabled: true },
    ]);
  });

  it('writes what it read', () => {
    const written = filterParameters(filtersOf(parameters));
    expect(written.destination).toBe('payments,orders');
    expect(written.off).toBe('node:shop-1');
    expect(written.source).toBeNull();
  });

  it('asks the API only for those that are on', () => {
    expect(filterQuery(filtersOf(parameters))).toEqual({ destination: 'payments,orders', port: '8443' });
  });

  it('adds once, switches off and on, removes', () => {
    const [first] = filtersOf(new URLSearchParams('source=orders'));
    if (first === undefined) throw new Error('no filter');
    expect(addFilter([first], { key: 'source', value: 'orders' })).toHaveLength(1);
    const off = toggleFilter([first], first);
    expect(off[0]?.disabled).toBe(true);
    expect(filterQuery(off)).toEqual({});
    expect(removeFilter(off, first)).toEqual([]);
  });
});

describe('what typed text can mean', () => {
  it.each([
    ['8443', { key: 'port', value: '8443' }],
    ['10.4.1.17', { key: 'address', value: '10.4.1.17' }],
    ['fd00::1', { key: 'address', value: 'fd00::1' }],
    ['pay', { key: 'destination', value: 'payments' }],
    ['source pay', { key: 'source', value: 'pay' }],
    ['source:payments', { key: 'source', value: 'payments' }],
    ['timed', { key: 'reason', value: 'timed_out' }],
  ])('%s', (typed, first) => {
    expect(suggestFilters(typed, known)[0]).toEqual(first);
  });

  it('suggests nothing for nothing, and never a list', () => {
    expect(suggestFilters('  ', known)).toEqual([]);
    expect(suggestFilters('a,b', known)).toEqual([]);
  });
});
