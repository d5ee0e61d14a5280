// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { keyText, newTables, numberKey, ServiceNames } from '../../src/mesh/index.js';
import { decodeHostName, encodeHostName } from '../../src/mesh/service-names.js';

describe('names of services', () => {
  it('are told once, and again when a number gets another name', () => {
    const names = new ServiceNames();
    names.learn(7, 'shop/cart');
    names.learn(7, 'shop/cart');
    expect(names.takeNew()).toEqual([{ id: 7, namespace: 'shop', name: 'cart' }]);
    expect(names.hasNew).toBe(false);
    names.learn(7, 'shop/stock');
    expect(names.takeNew()).toEqual([{ id: 7, namespace: 'shop', name: 'stock' }]);
    expect(names.after(1)).toHaveLength(1);
    expect(names.takeAll()).toHaveLength(2);
  });

  it('come back from the kernel as far as there was room for them', () => {
    const tables = newTables();
    const long = { namespace: 'n'.repeat(40), name: 's'.repeat(40) };
    tables.service_names.set(keyText(numberKey(7)), encodeHostName({ namespace: 'shop', name: 'cart' }));
    tables.service_names.set(keyText(numberKey(8)), encodeHostName(long));
    const names = new ServiceNames();
    names.restore(tables);
    expect(names.takeAll()).toEqual([{ id: 7, namespace: 'shop', name: 'cart' }]);
    expect(decodeHostName(encodeHostName(long))).toBeUndefined();
  });
});
