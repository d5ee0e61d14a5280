// SPDX-License-Identifier: Apache-2.0
import type { Budget } from './bench.js';

const atMost = (limit: number, text: string): Budget => ({ text, limit, better: 'lower' });
const atLeast = (limit: number, text: string): Budget => ({ text, limit, better: 'higher' });

/** The design's budgets, as far as they are measured here. In the units of the rows that are held against them. */
export const BUDGETS = {
  keepAlive: atMost(1.01, '≤ 1.01'),
  keepAliveHttp: atMost(1.03, '≤ 1.03'),
  shortConnection: atMost(1.08, '≤ 1.08'),
  bpfMicroseconds: atMost(4, '≤ 4 µs'),
  httpMicroseconds: atMost(1, '≤ 1 µs'),
  steeredKeepAlive: atMost(1.02, '≤ 1.02'),
  steeredConnection: atMost(1.1, '≤ 1.10'),
  nativeConnection: atMost(1.06, '≤ 1.06'),
  nativeRequest: atMost(1.02, '≤ 1.02'),
  waypointTail: atMost(0.6, '≤ 0.60'),
  shortcut: atMost(0.7, '≤ 0.7'),
  switchTail: atMost(250, '≤ 250 ms'),
  agentBusy: atMost(1, '≤ 1 % of a core'),
  agentIdle: atMost(0.1, '≤ 0.1 % of a core'),
  aggregate: atLeast(3, '≥ 3 M/s'),
  durable: atLeast(600, '≥ 600 k/s'),
  topology: atMost(50, '≤ 50 ms'),
  quarterHour: atMost(50, '≤ 50 ms'),
  day: atMost(100, '≤ 100 ms'),
  month: atMost(200, '≤ 200 ms'),
} as const;
