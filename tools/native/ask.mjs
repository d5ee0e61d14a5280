// SPDX-License-Identifier: Apache-2.0
// The asking client (ask/*.c) from JavaScript: built on demand, run in a testbed's namespaces.
import { fileURLToPath } from 'node:url';
import { compile } from '../testbed/compile.mjs';
import { loadParameters } from '../testbed/load.mjs';
import { startClient } from '../testbed/programs.mjs';

const source = fileURLToPath(new URL('./ask/', import.meta.url));

/** Builds it when it is older than its source. @returns {string} its path */
export const buildAsk = () => compile(source, 'ask');

/** @param {object} options as its flags are called: `{ target: ['10.98.0.10:80'], request: ['GET / a'], threads: 4 }` */
const parametersOf = (options) => loadParameters('', options).slice(1);

/**
 * Starts to ask, until it is stopped.
 * @param {import('../testbed/testbed.mjs').Testbed} testbed
 * @param {object} options see ask/main.c
 * @param {{ namespace?: string, cgroup?: string }} place
 * @returns {{ stop: () => Promise<Asked> }}
 *
 * @typedef {{ made: number, done: number, wrong: number, connections: number, mostOpen: number, longestMs: number,
 *   elapsedMs: number, failed: Record<string, number>, answers: Record<string, number> }} Asked `failed` by how far it got
 *   and the errno: `send ECONNREFUSED`
 */
export function startAsking(testbed, options, place) {
  const command = [buildAsk(), ...parametersOf(options)];
  return startClient(testbed, command, { name: 'the asking client', place });
}

/** Asks to the end. @returns {Promise<Asked>} */
export async function ask(testbed, options, place) {
  const { code, stdout, stderr } = await testbed.run(buildAsk(), parametersOf(options), place);
  if (code !== 0) throw new Error(`the asking client ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
