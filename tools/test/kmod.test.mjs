// SPDX-License-Identifier: Apache-2.0
// What acceptance steps of the kernel module make of what guests tell.
import { expect, it } from 'vitest';
import { allPassed } from '../accept/kmod/checks/cases.mjs';
import { figuresOf, ratioOf } from '../accept/kmod/checks/instructions.mjs';

const costs = [
  { way: 'plain', kind: 'kept', head: 41, mean: 16_000, p50: 15_800 },
  { way: 'deferred', kind: 'kept', head: 41, mean: 20_000, p50: 19_750 },
  { way: 'plain', kind: 'short', head: 41, mean: 64_000, p50: 62_000 },
];

it('holds a way against plain TCP of the same kind and head', () => {
  const deferred = { way: 'deferred', kind: 'kept', head: 41 };
  expect(ratioOf(costs, deferred, 'mean')).toBe(1.25);
  expect(ratioOf(costs, deferred, 'p50')).toBe(1.25);
});

it('tells a figure of each way', () => {
  expect(Object.fromEntries(figuresOf(costs))).toMatchObject({
    'request on a kept connection, head of 41 bytes, kernel-native':
      '20,000 instructions, 1.250 × plain TCP; median 19,750, 1.250 ×',
  });
});

it('holds when every case passed, and tells of those that did not', () => {
  const passed = { passed: ['is_one', 'is_another'], failed: [], lines: [] };
  expect(allPassed(passed)).toMatchObject({ held: true, figures: { 'cases that passed': 2 } });
  const failed = { ...passed, failed: [{ name: 'is_one', reason: 'it hangs' }] };
  expect(allPassed(failed)).toMatchObject({ held: false, note: 'is_one: it hangs' });
});
