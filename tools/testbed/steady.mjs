// SPDX-License-Identifier: Apache-2.0
// Steady traffic (steady/*.c) from JavaScript: connections that carry numbered messages both ways, requests and probes,
// none of them tried twice. Built on demand, run in a testbed's namespaces.
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { loadParameters } from './load.mjs';
import { startClient, startServer } from './programs.mjs';

const source = fileURLToPath(new URL('./steady/', import.meta.url));

/** Builds the program when it is older than its source. @returns {string} its path */
export const buildSteady = () => compile(source, 'steady');

/**
 * Starts a server that sends everything back, and waits until it listens.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {string[]} target `10.0.0.1:80`, `[fd00::1]:80`
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ arrivals: () => Promise<{ accepted: number, lastMs: number }[]>, stop: () => Promise<unknown>,
 *   kill: () => Promise<void> }>} `arrivals`: connections by target so far, the last of each at a moment in Unix ms
 */
export async function startSteadyServer(testbed, target, place = {}) {
  const name = `the steady server on ${target.join(', ')}`;
  const command = [buildSteady(), ...loadParameters('server', { target })];
  const { ask, stop, kill } = await startServer(testbed, command, { name, place });
  return { arrivals: async () => JSON.parse(await ask()), stop, kill };
}

/**
 * Starts a client.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {{ target: string[], lasting?: number, messageMs?: number, requestsPerS?: number, probesPerS?: number }}
 *   options `lasting`: connections that are kept; targets take turns
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {{ stop: () => Promise<SteadyResult> }}
 *
 * @typedef {{ made: number, done: number, longestMs: number, failed: Record<string, number>,
 *   failedFromMs?: number, failedToMs?: number }} SteadyTally by errno; moments since the start
 * @typedef {{ lasting: SteadyTally, requests: SteadyTally, probes: SteadyTally, messages: number,
 *   outOfOrder: number, elapsedMs: number }} SteadyResult
 */
export function startSteadyClient(testbed, options, place = {}) {
  const command = [buildSteady(), ...loadParameters('client', options)];
  return startClient(testbed, command, { name: 'the steady client', place });
}
