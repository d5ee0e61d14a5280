// SPDX-License-Identifier: Apache-2.0
import { spoolDamaged } from '../../../bench/faults/spool-damaged.mjs';

export const title =
  'Torn tails and flipped bits on the agent’s disk: each damaged frame alone is left out, and counted';
export const command = 'node tools/accept/step.mjs faults/8-spool-damaged';
export const run = () =>
  spoolDamaged({ name: 'undermesh-accept-spool-damaged', rounds: 20, connections: 300 });
