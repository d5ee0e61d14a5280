// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { addressBytes } from '../../src/mesh/address-bytes.js';
import { arrange, IdBook } from '../../src/mesh/id-book.js';
import { hashText, numberNames } from '../../src/mesh/identifiers.js';

describe('numberNames', () => {
  it('gives hashes, never 0, whatever the order', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `tcp 10.96.${i >> 8}.${i & 255} 80`);
    const numbers = numberNames(names);
    expect(new Set(numbers.values()).size).toBe(names.length);
    expect(numberNames(names.toReversed())).toEqual(new Map([...numbers].toReversed()));
    expect(numbers.get('tcp 10.96.0.1 80')).toBe(hashText('tcp 10.96.0.1 80'));
  });

  it('settles names of one hash by their order, and leaves all others where they are', () => {
    // Found by search: the two have the same hash.
    const [first, second] = COLLIDING;
    expect(hashText(first)).toBe(hashText(second));
    const id = hashText(first);
    for (const names of [COLLIDING, COLLIDING.toReversed()]) {
      const numbers = numberNames(names);
      expect(numbers.get(first)).toBe(id);
      expect(numbers.get(second)).toBe(id + 1);
    }
    expect(numberNames([second]).get(second)).toBe(id);
  });
});

describe('IdBook', () => {
  const identity = { slotsId: 1, address: addressBytes('10.0.0.1'), port: 80 };

  it('gives a number once, and again only after it was released', () => {
    const book = new IdBook();
    const id = book.endpointId(identity);
    expect(book.endpointId({ ...identity })).toBe(id);
    expect(book.endpointId({ ...identity, port: 81 })).not.toBe(id);
    book.release(id);
    expect(book.size).toBe(1);
    expect(book.endpointId(identity)).toBe(id);
  });
});

describe('arrange', () => {
  it('moves as few as it can', () => {
    expect(arrange([1, 2, 3, 4], [1, 2, 3, 4])).toEqual([1, 2, 3, 4]);
    expect(arrange([1, 2, 3, 4], [4, 3, 1])).toEqual([1, 4, 3]);
    expect(arrange([1, 2, 3, 4], [1, 9, 3, 4])).toEqual([1, 9, 3, 4]);
    expect(arrange([1, 2, 3, 4], [4])).toEqual([4]);
    expect(arrange([1, 2, 3, 4], [])).toEqual([]);
    expect(arrange([], [3, 1])).toEqual([3, 1]);
    expect(arrange([1, 2], [1, 2, 5, 6])).toEqual([1, 2, 5, 6]);
    expect(arrange([1, 2, 3, 4, 5], [1, 3])).toEqual([1, 3]);
  });
});

describe('addressBytes', () => {
  it('reads both families', () => {
    expect([...addressBytes('10.96.0.1')].slice(0, 5)).toEqual([10, 96, 0, 1, 0]);
    const hex = (text: string) => Buffer.from(addressBytes(text)).toString('hex');
    expect(hex('fd00::1')).toBe('fd000000000000000000000000000001');
    expect(hex('::')).toBe('0'.repeat(32));
    expect(hex('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
    expect(hex('2001:db8::')).toBe('20010db8000000000000000000000000');
    expect(hex('::ffff:10.0.0.1')).toBe('00000000000000000000ffff0a000001');
  });
});

const COLLIDING = ['shop/service-1149599', 'shop/service-1312382'] as const;
