// SPDX-License-Identifier: Apache-2.0
// The load program (load/*.c) from JavaScript: built on demand, run in a testbed's namespaces.
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { startClient, startServer } from './programs.mjs';

const source = fileURLToPath(new URL('./load/', import.meta.url));

/** Builds the load program when it is older than its source. @returns {string} its path */
export const buildLoad = () => compile(source, 'load');

/**
 * Turns `{ address: ['10.0.0.1'], giveUp: 5 }` into `--address 10.0.0.1 --give-up 5`. The options are those of
 * the program: see `load/main.c`.
 */
export function loadParameters(role, options) {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [value].flat().flatMap((one) => [flag, String(one)]);
  });
  return [role, ...flags];
}

/**
 * Starts a server and waits until it listens.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {{ address: string | string[], port: string | number }} options ports as "9000-9003,9010"
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ child: import('node:child_process').ChildProcess, stop: () => Promise<object> }>} `stop`
 *   ends it and resolves to what it counted
 */
export async function startLoadServer(testbed, options, place = {}) {
  const name = `the load server on ${options.address} port ${options.port}`;
  const command = [buildLoad(), ...loadParameters('server', options)];
  const { child, stop } = await startServer(testbed, command, { name, place });
  return { child, stop: async () => JSON.parse(await stop()) };
}

/**
 * Runs a client to its end.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {Record<string, string | number | string[]>} options
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ attempted: number, established: number, completed: number, abandoned: number,
 *   bytesSent: number, bytesReceived: number, failed: Record<string, number>, broken: Record<string, number>,
 *   latencyUs?: { p50: number, p90: number, p99: number, max: number }, byPort: Record<string, object>,
 *   elapsedMs: number, cpuMs: number }>} exactly what was made; latencies are from connect() to the last byte
 */
export async function runLoadClient(testbed, options, place = {}) {
  const { code, stdout, stderr } = await testbed.run(buildLoad(), loadParameters('client', options), place);
  if (code !== 0) throw new Error(`the load client ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

/**
 * Starts a client that goes on until it is stopped, or has made its connections.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {Record<string, string | number | string[]>} options
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {{ stop: () => Promise<object> }} `stop` lets it finish what is under way; resolves as {@link runLoadClient}
 */
export function startLoadClient(testbed, options, place = {}) {
  const command = [buildLoad(), ...loadParameters('client', options)];
  return startClient(testbed, command, { name: 'the load client', place });
}
