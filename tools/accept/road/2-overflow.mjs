// SPDX-License-Identifier: Apache-2.0
import { exactness } from './checks/exactness.mjs';

export const title = 'A ring that overflows: stored + counted lost = made';
export const command = 'node tools/accept/step.mjs road/2-overflow';
export const run = () =>
  exactness({
    name: 'undermesh-accept-overflow',
    connections: 100_000,
    agent: { ringBytes: 65_536, drain: { busy: 1000, idle: 1000 } },
    overflows: true,
  });
