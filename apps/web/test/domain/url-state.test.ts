// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { searchEntries, searchFor } from '@/domain/search';
import {
  linkTo,
  listOf,
  selecting,
  selectionOf,
  toQuery,
  windowLabel,
  windowOf,
  withParameters,
} from '@/domain/url-state';
import { node, vertex } from '../fixtures';

const url = (text: string): URLSearchParams => new URLSearchParams(text);

describe('the view in the URL', () => {
  it.each([
    ['', 1800],
    ['window=300', 300],
    ['window=3', 1800],
    ['window=abc', 1800],
    ['window=99999999', 1800],
  ])('reads the window from "%s"', (text, seconds) => expect(windowOf(url(text))).toBe(seconds));

  it('names windows', () => {
    expect(windowLabel(1800)).toBe('Last 30 min');
    expect(windowLabel(42)).toBe('Last 42 s');
  });

  it('writes, removes and keeps', () => {
    const next = withParameters(url('a=1&b=2'), { a: null, c: 'x,y/z', b: '' });
    expect(toQuery(next)).toBe('?c=x,y/z');
    expect(toQuery(url(''))).toBe('');
    expect(listOf(url('n=a,,b'), 'n')).toEqual(['a', 'b']);
  });

  it('takes along only what all pages share', () => {
    expect(linkTo('/nodes/', url('window=300&sel=edge:1&namespace=shop'), { node: 'a' })).toBe(
      '/nodes/?window=300&namespace=shop&node=a',
    );
  });

  it('reads back what it selects, and nothing else', () => {
    const selection = { kind: 'edge' as const, id: 'workload/a>workload/b' };
    expect(selectionOf(url(new URLSearchParams(selecting(selection)).toString()))).toEqual(selection);
    expect(selectionOf(url('sel=nonsense'))).toBeNull();
  });
});

describe('search', () => {
  const entries = searchEntries(
    [
      vertex('1', { name: 'reviews', version: 'v2' }),
      vertex('2', { name: 'previews' }),
      vertex('3', { name: 'orders' }),
    ],
    [node('shop-1')],
  );
  it('finds the best match first', () => {
    expect(searchFor(entries, 'reviews').map(({ name }) => name)).toEqual(['reviews v2', 'previews']);
    expect(searchFor(entries, 'shop-1')[0]?.kind).toBe('node');
    expect(searchFor(entries, 'zzz')).toEqual([]);
  });
  it('finds by namespace and name', () => {
    expect(searchFor(entries, 'shop/ord')[0]?.name).toBe('orders');
  });
  it('leads to where the thing is', () => {
    expect(entries[0]?.parameters).toEqual({ level: 'workload', sel: 'vertex:1' });
    expect(entries.at(-1)?.parameters).toEqual({ node: 'shop-1' });
  });
});
