// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import type { Row } from '../src/bench.js';

/** The row of that name; its figure is one. */
export function figureOf(rows: readonly Row[], what: string): number {
  const found = rows.find((row) => row.what === what);
  expect(found, `there is no row "${what}" among ${rows.map((row) => row.what).join('; ')}`).toBeDefined();
  const value = found?.value ?? Number.NaN;
  expect(Number.isFinite(value), what).toBe(true);
  return value;
}
