// SPDX-License-Identifier: Apache-2.0
import { twoCpus } from './cpu.js';
import type { Address } from './nginx.js';
import { loadProgram, type Place, type Testbed } from './testbed.js';

/** Connections that are kept, as many as wrk keeps. */
const CONNECTIONS = 16;

/** Requests that come at random moments of a Poisson process, the same for the same seed. */
export interface OpenLoad {
  /** `short`: a connection for each request. */
  readonly kind: 'keep-alive' | 'short';
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Latencies from the moment that the schedule has for each request to the last byte of its answer, microseconds. */
export interface OpenLoop {
  readonly requests: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Makes requests by a schedule, on the first CPU; throws when any fails. Nothing waits for the answer before. */
export async function runOpenLoop(
  testbed: Testbed,
  { address, port, ...load }: Address & OpenLoad,
  place: Place,
): Promise<OpenLoop> {
  const { kind, perSecond, seconds, seed } = load;
  const [cpu] = twoCpus();
  const connections = kind === 'short' ? 0 : CONNECTIONS;
  const words = [address, port, perSecond, seconds, connections, seed].map(String);
  const command = ['-c', String(cpu), await loadProgram('open-loop'), ...words];
  const { code, stdout, stderr } = await testbed.run('taskset', command, place);
  if (code !== 0) throw new Error(`requests to ${address}:${port} failed: ${stderr.trim()}`);
  return JSON.parse(stdout) as OpenLoop;
}
