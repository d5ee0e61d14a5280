// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, loadavg } from 'node:os';
import { expect, test } from '@playwright/test';

/** How much longer than on a quiet machine things may take here and now, at least 1. */
export const slowness = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** A figure for the report, printed and kept as an annotation. */
export function figure(name: string, value: string): void {
  test.info().annotations.push({ type: name, description: value });
  console.log(`    ${name}: ${value}`);
}

/**
 * Asks again and again until `assertion` no longer throws, and fails when that takes more than `seconds` of a quiet
 * machine. The time it took goes into the report.
 */
export async function within(seconds: number, what: string, assertion: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const timeout = seconds * 1000 * slowness();
  await expect(assertion, `${what} within ${seconds} s`).toPass({ timeout, intervals: [100, 200, 300] });
  figure(what, `${((performance.now() - start) / 1000).toFixed(1)} s of ${seconds} s`);
}
