// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweep } from '../../tools/testbed/testbed.mjs';
import { NAME } from './name.ts';

/**
 * Around a whole run: what a killed one left is removed, and the launcher's programs keep their logs and counts in a
 * directory that is gone afterwards, apart from every other installation of this machine.
 */
// biome-ignore lint/style/noDefaultExport: Playwright demands it.
export default async function around(): Promise<() => void> {
  await sweep(NAME);
  const state = mkdtempSync(join(tmpdir(), 'undermesh-e2e-'));
  process.env.UNDERMESH_STATE = state; // the workers inherit it
  return () => rmSync(state, { recursive: true, force: true });
}
