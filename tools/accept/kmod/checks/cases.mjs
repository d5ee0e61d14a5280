// SPDX-License-Identifier: Apache-2.0
// The cases of kmod/test/guest, run in guests by tools/kmod.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { environment, root } from '../../../paths.mjs';

/**
 * @param {string} kernel `6.12`
 * @param {string[]} words for kmod/test/guest/main.c: options, and the fronts of the names of cases
 * @param {(line: string) => void} say hears each line
 * @returns {Promise<Cases>}
 * @throws {Error} nothing came of it, with its last lines
 *
 * @typedef {{ passed: string[], failed: { name: string, reason: string }[], lines: string[] }} Cases
 */
export async function runCases(kernel, words, say) {
  const child = spawn(process.execPath, [join(root, 'tools/kmod.mjs'), `kernel=${kernel}`, ...words], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const result = { passed: [], failed: [], lines: [] };
  const last = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    say(line);
    last.push(line);
    if (line.startsWith(`${kernel} | `)) take(result, line.slice(`${kernel} | `.length));
  });
  await once(child, 'close');
  // A guest that broke down has told so beside its cases.
  if (child.exitCode !== 0 && result.failed.length === 0) throw new Error(last.slice(-15).join('\n'));
  return result;
}

function take(result, line) {
  const [, bad, name, reason] = /^(not )?ok ([^:]+)(?:: (.*))?$/.exec(line) ?? [];
  if (name === undefined) result.lines.push(line);
  else if (bad) result.failed.push({ name, reason: reason ?? '' });
  else result.passed.push(name);
}

/** How a step tells of cases that must pass: `{ held, figures, note }`. @param {Cases} cases */
export function allPassed({ passed, failed }, figures = {}) {
  return {
    held: failed.length === 0 && passed.length > 1,
    figures: { 'cases that passed': passed.length, ...figures },
    note: failed.map(({ name, reason }) => `${name}: ${reason}`).join('\n'),
  };
}
