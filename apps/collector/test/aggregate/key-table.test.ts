// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { KeyTable } from '../../src/aggregate/key-table.js';

describe('KeyTable', () => {
  it('does what a map does, through growth and removal', () => {
    const table = new KeyTable(16);
    const expected = new Map<string, number>();
    const keyOf = (n: number) => [n % 7, (n * 2654435761) >>> 0, n % 3, 0xffffffff - n] as const;
    for (let step = 0; step < 50_000; step++) {
      const n = Math.floor(Math.random() * 2000);
      const [a, b, c, d] = keyOf(n);
      const known = expected.get(`${n}`);
      expect(table.find(a, b, c, d)).toBe(known ?? -1);
      if (Math.random() < 0.6) {
        const slot = table.insert(a, b, c, d);
        if (known !== undefined) expect(slot).toBe(known);
        expect([table.word(slot, 0), table.word(slot, 1), table.word(slot, 2), table.word(slot, 3)]).toEqual([
          a,
          b,
          c,
          d,
        ]);
        expected.set(`${n}`, slot);
      } else if (known !== undefined) {
        table.remove(known);
        expected.delete(`${n}`);
      }
    }
    expect(table.size).toBe(expected.size);
    const slots = new Set<number>();
    table.forEach((slot) => {
      slots.add(slot);
    });
    expect(slots).toEqual(new Set(expected.values()));
    table.clear();
    expect(table.size).toBe(0);
    expect(table.find(...keyOf(1))).toBe(-1);
  });
});
