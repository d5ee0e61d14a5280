// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { BufferPool } from '../src/buffer-pool.js';

it('gives memory again to whoever wants about as much, and keeps no more of it than a bound', () => {
  const pool = new BufferPool();
  const buffer = pool.take(300_000);
  expect(buffer.byteLength).toBe(1 << 19);
  expect(pool.take(300_000)).not.toBe(buffer);
  pool.give(buffer);
  expect(pool.take(100_000)).not.toBe(buffer);
  expect(pool.take(500_000)).toBe(buffer);
  // A buffer that was handed to another thread has no bytes here any more.
  structuredClone(buffer, { transfer: [buffer] });
  pool.give(buffer);
  expect(pool.take(500_000).byteLength).toBe(1 << 19);

  const many = Array.from({ length: 70 }, () => pool.take(1 << 20));
  for (const one of many) pool.give(one);
  const known = new Set(many);
  const again = Array.from({ length: 70 }, () => pool.take(1 << 20));
  expect(again.filter((one) => known.has(one))).toHaveLength(64);
});
