// SPDX-License-Identifier: Apache-2.0
// The HTTP load program (http-load/*.c) from JavaScript: built on demand, run in a testbed's namespaces.
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { loadParameters } from './load.mjs';
import { startServer } from './programs.mjs';

const source = fileURLToPath(new URL('./http-load/', import.meta.url));

/** Builds the program when it is older than its source. @returns {string} its path */
export const buildHttpLoad = () => compile(source, 'http-load');

/**
 * How one request is made and answered, as the program takes it.
 * @param {{ method?: string, requestBytes?: number, requestChunk?: number, status?: number, responseBytes?: number,
 *   responseChunk?: number, split?: boolean, delayMs?: number, pauseMs?: number, interim?: boolean }} plan
 *   bodies in bytes; chunks: with Content-Length when 0; `split`: heads in two segments, at another byte each time
 */
export function planText(plan) {
  const { method = 'GET', requestBytes = 0, requestChunk = 0, status = 200 } = plan;
  const { responseBytes = 0, responseChunk = 0, split = false } = plan;
  const { delayMs = 0, pauseMs = 0, interim = false } = plan;
  const response = [status, responseBytes, responseChunk];
  return [method, requestBytes, requestChunk, ...response, +split, delayMs, pauseMs, +interim].join(',');
}

/**
 * Starts a server on a free port.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {string} address
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ port: number, stop: () => Promise<object> }>} `stop` ends it and resolves to what it counted
 */
export async function startHttpServer(testbed, address, place = {}) {
  const command = [buildHttpLoad(), ...loadParameters('server', { address })];
  const { first, stop } = await startServer(testbed, command, {
    name: `the HTTP server on ${address}`,
    place,
  });
  return { port: JSON.parse(first).port, stop: async () => JSON.parse(await stop()) };
}

/**
 * Makes requests to the end.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {{ address: string, port: number, requests: number, concurrency?: number, perConnection?: number,
 *   plans: object[] }} options request n goes by plan n modulo their number
 * @param {{ namespace?: string, cgroup?: string }} [place]
 * @returns {Promise<{ requests: number, connections: number, requestBytes: number, responseBytes: number,
 *   classes: Record<string, number>, firstByteUs: Record<string, number>, lastByteUs: Record<string, number> }>}
 *   exactly what went over the wire; times from the end of the head, p50 to p99 and max
 */
export async function runHttpClient(testbed, { plans, ...options }, place = {}) {
  const parameters = loadParameters('client', { ...options, plan: plans.map(planText) });
  const { code, stdout, stderr } = await testbed.run(buildHttpLoad(), parameters, place);
  if (code !== 0) throw new Error(`the HTTP client ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
