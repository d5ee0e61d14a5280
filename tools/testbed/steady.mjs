// SPDX-License-Identifier: Apache-2.0
// Steady traffic (steady/*.c) from JavaScript: connections that carry numbered messages both ways, requests and probes,
// none of them tried twice. Built on demand, run in a testbed's namespaces.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { loadParameters } from './load.mjs';

const source = fileURLToPath(new URL('./steady/', import.meta.url));

/** Builds the program when it is older than its source. @returns {string} its path */
export const buildSteady = () => compile(source, 'steady');

/**
 * Starts a server that sends everything back, and waits until it listens.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {string[]} target `10.0.0.1:80`, `[fd00::1]:80`
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ arrivals: () => Promise<{ accepted: number, lastMs: number }[]>, stop: () => Promise<void>,
 *   kill: () => Promise<void> }>} `arrivals`: connections by target so far, the last of each at a moment in Unix ms
 */
export async function startSteadyServer(testbed, target, place = {}) {
  const child = testbed.spawn(buildSteady(), loadParameters('server', { target }), {
    ...place,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`the server did not start on ${target.join(', ')}`);
  const arrivals = async () => {
    child.stdin.write('\n');
    return JSON.parse((await lines.next()).value);
  };
  const ended = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const stop = async () => {
    child.stdin.end();
    await ended();
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await ended();
  };
  return { arrivals, stop, kill };
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
  const child = testbed.spawn(buildSteady(), loadParameters('client', options), {
    ...place,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const closed = once(child, 'close');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const [code] = await closed;
    if (code !== 0) throw new Error(`the steady client ended with ${code}`);
    return JSON.parse(output);
  };
  return { stop };
}
