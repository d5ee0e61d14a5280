// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { closest, editDistance } from '../../src/explain/closest.js';
import { findWorkload } from '../../src/explain/find-workload.js';
import { vertex } from '../fixtures.js';

const vertices = ['shop/web', 'shop/orders', 'test/orders', 'data/database', 'host/node'].map((name) =>
  vertex(name),
);

describe('a workload', () => {
  it('is found by its full name, or by its name where that is the only one', () => {
    expect(findWorkload(vertices, 'test/orders').id).toBe('workload:default/test/orders');
    expect(findWorkload(vertices, 'web').id).toBe('workload:default/shop/web');
  });

  it('has to be named in full where two have its name', () => {
    expect(() => findWorkload(vertices, 'orders')).toThrow(
      "There are 2 workloads 'orders': shop/orders and test/orders. Say which one, as named here.",
    );
  });

  it('has to be named with its version where there are two', () => {
    const versions = ['v1', 'v2'].map((version) =>
      vertex('shop/reviews', { id: `workload:default/shop/reviews@${version}`, version }),
    );
    for (const wanted of ['reviews', 'shop/reviews'])
      expect(() => findWorkload(versions, wanted)).toThrow(
        `There are 2 workloads '${wanted}': shop/reviews@v1 and shop/reviews@v2.`,
      );
    for (const wanted of ['reviews@v2', 'shop/reviews@v2'])
      expect(findWorkload(versions, wanted).version).toBe('v2');
    expect(findWorkload(versions.slice(0, 1), 'shop/reviews').version).toBe('v1');
  });

  it.each([
    ['wbe', 'Did you mean shop/web?'],
    ['order', 'Did you mean shop/orders or test/orders?'],
    ['shop/ordres', 'Did you mean shop/orders?'],
    ['Database', 'Did you mean data/database?'],
    ['data', 'Did you mean data/database?'],
  ])('%s is not known: %s', (name, question) => {
    expect(() => findWorkload(vertices, name)).toThrow(question);
  });

  it('is not guessed from nothing', () => {
    expect(() => findWorkload(vertices, 'payments')).toThrow(
      /^No workload 'payments' was seen in this window\. und/,
    );
    expect(closest([], 'web')).toEqual([]);
  });
});

it.each([
  ['', '', 0],
  ['web', 'web', 0],
  ['web', 'wbe', 1],
  ['web', 'we', 1],
  ['web', '', 3],
  ['kitten', 'sitting', 3],
])('from %s to %s it takes %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});
